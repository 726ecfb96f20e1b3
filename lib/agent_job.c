/* agent_job: see agent_job.h. */
#include "agent_job.h"
#include "die.h"
#include "file.h"
#include "id.h"
#include "num.h"
#include <errno.h>
#include <stdlib.h>
#include <sys/stat.h>
#include <unistd.h>

/* What a trailer usually needs; a larger one costs a second read. */
#define TRAILER_GUESS 4096
/* A buffer that is larger than this is not kept for the next job. */
#define KEEP_MAX      65536

struct agent_slot {
	struct agent_job job; /* first: a job is its slot */
	struct buf data;      /* the entry, or its end */
	struct agent_slot *next;
};

static struct agent_slot *
slot_of(struct agent_job *job)
{
	return (struct agent_slot *)job;
}

struct agent_job *
job_take(struct agent_pool *pool)
{
	struct agent_slot *s = pool->free;
	struct arena arena;

	if (s == NULL) {
		if ((s = calloc(1, sizeof *s)) == NULL)
			die_temp("out of memory");
		s->job.fd = -1;
		return &s->job;
	}
	pool->free = s->next;
	arena = s->job.arena;
	memset(&s->job, 0, sizeof s->job);
	s->job.arena = arena;
	s->job.fd = -1;
	return &s->job;
}

void
job_give_back(struct agent_pool *pool, struct agent_job *job)
{
	struct agent_slot *s = slot_of(job);

	if (job->fd != -1)
		close(job->fd);
	job->fd = -1;
	arena_reset(&job->arena);
	buf_reset(&s->data);
	if (s->data.cap > KEEP_MAX)
		buf_free(&s->data);
	s->next = pool->free;
	pool->free = s;
}

/* Every control and blank of a field is escaped: what is left is one space
 * between two fields. */
static bool
has_controls(struct span line)
{
	for (size_t i = 0; i < line.n; i++)
		if ((unsigned char)line.p[i] < ' ' || line.p[i] == 0x7f)
			return true;
	return false;
}

/* The next field, unescaped, in the job's arena; -1 when there is none or it
 * is malformed. */
static int
next_field(struct span *rest, struct agent_job *job, struct span *out)
{
	struct span word;

	if (!span_cut(rest, ' ', &word) || word.n == 0)
		return -1;
	return escape_undo(word, &job->arena, out);
}

static int
parse_fields(struct span rest, struct agent_job *job)
{
	struct span word, key, copy = rest;
	size_t n = 0;

	while (span_cut(&copy, ' ', &word))
		n++;
	job->fields = arena_alloc(&job->arena, n * sizeof *job->fields);
	while (span_cut(&rest, ' ', &word)) {
		struct agent_field *f = &job->fields[job->nfields++];

		span_cut(&word, '=', &key);
		if (word.p == NULL || key.n == 0 ||
		    escape_undo(key, &job->arena, &f->key) == -1 ||
		    escape_undo(word, &job->arena, &f->value) == -1)
			return -1;
	}
	return 0;
}

static const char *
parse_rcpts(struct span rest, struct agent_job *job)
{
	struct span word, copy = rest;
	size_t n = 0;

	while (span_cut(&copy, ' ', &word))
		n++;
	job->rcpts = arena_zalloc(&job->arena, n * sizeof *job->rcpts);
	while (rest.p != NULL) {
		if (rest.n >= 2 && rest.p[0] == ';' && rest.p[1] == ' ') {
			if (parse_fields(span_skip(rest, 2), job) == -1)
				return "bad field";
			break;
		}
		if (next_field(&rest, job,
			&job->rcpts[job->nrcpts].address) == -1)
			return "bad recipient";
		job->nrcpts++;
	}
	return job->nrcpts ? NULL : "no recipient";
}

const char *
job_parse(struct span line, struct agent_job *job)
{
	struct span rest, word;

	if (has_controls(line))
		return "control character";
	/* One copy, which everything borrows from. */
	rest = arena_dup(&job->arena, line);
	if (!span_cut(&rest, ' ', &word) || !span_eq(word, SPAN("job")))
		return "unknown command";
	if (!span_cut(&rest, ' ', &word) ||
	    num_parse_u64(word, &job->number) == -1)
		return "bad number";
	if (!span_cut(&rest, ' ', &job->id) || !id_valid(job->id))
		return "bad id";
	if (next_field(&rest, job, &job->route) == -1)
		return "bad route";
	if (!span_cut(&rest, ' ', &word) ||
	    num_parse_max(word, INT64_MAX, &job->size) == -1)
		return "bad size";
	if (next_field(&rest, job, &job->sender) == -1)
		return "bad sender";
	if (span_eq(job->sender, SPAN("<>")))
		job->sender = span_of(NULL);
	return parse_rcpts(rest, job);
}

static const char *
parse_trailer(struct agent_job *job, struct span trailer, uint64_t offset)
{
	const char *why = envelope_parse(trailer, &job->arena, &job->env);

	if (why != NULL)
		return why;
	/* The last line of defence against a runner that mixes up its
	 * descriptors: the wrong mail to the wrong people. */
	if (!span_eq(job->env.id, job->id))
		return "it is another entry";
	return offset == job->size ? NULL : "its size is another";
}

/*
 * The whole entry with one read; 1 when it is not small after all. The size
 * of the message and a guess at the trailer's stand in for an fstat(2).
 */
static int
load_whole(struct agent_job *job, struct buf *data, const char **why)
{
	size_t room = (size_t)job->size + TRAILER_GUESS;
	uint64_t offset, length;
	ssize_t n;

	do
		n = pread(job->fd, buf_reserve(data, room), room, 0);
	while (n == -1 && errno == EINTR);
	if (n == -1) {
		*why = strerror(errno);
		return 0;
	}
	if ((size_t)n == room)
		return 1;
	if (n < ENVELOPE_FOOTER_SIZE) {
		*why = "no footer";
		return 0;
	}
	data->n = (size_t)n;
	*why = envelope_parse_footer(span_skip(buf_span(data),
	    data->n - ENVELOPE_FOOTER_SIZE), data->n, &offset, &length);
	if (*why == NULL)
		*why = parse_trailer(job, span_make(data->p + offset, length),
		    offset);
	job->whole = data->p;
	return 0;
}

/* Only the end: footer and trailer. */
static const char *
load_end(struct agent_job *job, struct buf *data)
{
	char footer[ENVELOPE_FOOTER_SIZE];
	uint64_t offset, length;
	struct stat st;
	const char *why;

	if (fstat(job->fd, &st) == -1)
		return strerror(errno);
	if (!S_ISREG(st.st_mode) || st.st_size < (off_t)sizeof footer)
		return "no footer";
	if (file_pread_all(job->fd, footer, sizeof footer,
		st.st_size - (off_t)sizeof footer) == -1)
		return strerror(errno);
	why = envelope_parse_footer(span_make(footer, sizeof footer),
	    (uint64_t)st.st_size, &offset, &length);
	if (why != NULL)
		return why;
	buf_reset(data);
	if (file_pread_all(job->fd, buf_reserve(data, length), length,
		(off_t)offset) == -1)
		return strerror(errno);
	data->n = length;
	return parse_trailer(job, buf_span(data), offset);
}

/* In the order of the entry more often than not: each search starts where
 * the last one ended. */
static void
find_numbers(struct agent_job *job)
{
	size_t at = 0, n = job->env.nrcpts;

	for (size_t i = 0; i < job->nrcpts; i++)
		for (size_t k = 0; k < n; k++) {
			size_t j = (at + k) % n;

			if (!span_eq(job->env.rcpts[j].address,
				job->rcpts[i].address))
				continue;
			job->rcpts[i].number = j + 1;
			at = j + 1;
			break;
		}
}

const char *
job_load(struct agent_job *job)
{
	struct buf *data = &slot_of(job)->data;
	const char *why = NULL;

	if (job->size > AGENT_WHOLE_MAX - TRAILER_GUESS ||
	    load_whole(job, data, &why) == 1)
		why = load_end(job, data);
	if (why == NULL)
		find_numbers(job);
	return why;
}
