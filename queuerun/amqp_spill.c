/* amqp_spill: see amqp_spill.h. */
#include "amqp_spill.h"
#include "file.h"
#include "log.h"
#include "spill.h"
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <unistd.h>

static void
trouble(const char *dir, const char *name)
{
	struct log l;
	int error = errno;

	log_open_at(&l, LOG_WARNING, "spill");
	log_str(&l, "dir", dir);
	log_str(&l, "name", name);
	log_str(&l, "text", strerror(error));
	log_send(&l);
}

/* The job as if everybody that the entry ever had were in it. */
static void
widen(const struct agent_job *job, struct agent_job *all,
    struct amqp_part *part)
{
	struct arena *a = &all->arena;

	*all = *job;
	*a = (struct arena){0};
	all->nrcpts = job->env.nrcpts;
	all->rcpts = arena_zalloc(a, all->nrcpts * sizeof *all->rcpts);
	*part = (struct amqp_part){.job = all, .message_id = job->id,
	    .nrcpts = all->nrcpts};
	part->rcpts = arena_alloc(a, all->nrcpts * sizeof *part->rcpts);
	for (size_t i = 0; i < all->nrcpts; i++) {
		all->rcpts[i].address = job->env.rcpts[i].address;
		all->rcpts[i].number = i + 1;
		part->rcpts[i] = i;
	}
}

/* 0, or -1 and errno. */
static int
write_body(int fd, const struct agent_job *job, struct amqp_body *body)
{
	struct agent_job all;
	struct amqp_part part;
	struct span piece;
	int r;

	widen(job, &all, &part);
	r = amqp_body_start(body, &part, AMQP_JSON) == -1 ? -1 : 1;
	while (r == 1 && (r = amqp_body_next(body, &piece)) == 1)
		if (file_write_all(fd, piece) == -1)
			r = -1;
	arena_free(&all.arena);
	return r;
}

/* Through a name that the next try uses again: nothing piles up. */
static int
make_file(int dir, const char *name, const struct agent_job *job,
    struct amqp_body *body)
{
	char draft[SPILL_NAME + 8];
	int fd, r;

	snprintf(draft, sizeof draft, ".%s", name);
	/* A link planted there must not be written through. */
	unlinkat(dir, draft, 0);
	fd = openat(dir, draft,
	    O_WRONLY | O_CREAT | O_EXCL | O_NOFOLLOW | O_CLOEXEC, 0600);
	if (fd == -1)
		return -1;
	r = write_body(fd, job, body);
	if (close(fd) == -1)
		r = -1;
	if (r != -1 && renameat(dir, draft, dir, name) == 0)
		return 0;
	r = errno;
	unlinkat(dir, draft, 0);
	errno = r;
	return -1;
}

void
amqp_spill(const char *dir, struct agent_job *job, struct amqp_body *body)
{
	char name[SPILL_NAME];
	int fd = open(dir, O_RDONLY | O_DIRECTORY | O_CLOEXEC);

	spill_name(job->id, name);
	if (fd == -1) {
		trouble(dir, name);
		return;
	}
	if (faccessat(fd, name, F_OK, AT_SYMLINK_NOFOLLOW) == -1 &&
	    make_file(fd, name, job, body) == -1)
		trouble(dir, name);
	close(fd);
}
