/* checkpw_scram: the server's side of SCRAM-SHA-256, two lines each way. A
 * stranger gets a salt and an iteration count like everybody else, the same
 * each time (RFC 5802 9), and fails at the proof. */
#include "base64.h"
#include "checkpw.h"
#include "clock.h"
#include "file.h"
#include <errno.h>
#include <unistd.h>

/* One line of the session's, without its end; an octet at a time: nothing
 * that follows it is taken. */
static int
read_line(struct buf *line)
{
	char c;

	buf_reset(line);
	while (line->n <= SCRAM_MESSAGE_MAX) {
		ssize_t n = read(CHECKPW_FD, &c, 1);

		if (n == -1 && errno == EINTR)
			continue;
		if (n != 1)
			return -1;
		if (c == '\n')
			return 0;
		buf_putc(line, c);
	}
	return -1;
}

static int
say(struct buf *text)
{
	int r;

	buf_putc(text, '\n');
	r = file_write_all(CHECKPW_FD, buf_span(text));
	text->n--;
	return r;
}

static void
make_nonce(struct buf *out)
{
	unsigned char r[18];

	digest_random(r, sizeof r);
	base64_encode(span_make((const char *)r, sizeof r), out);
}

/* The verifier that answers for the user, and whether it is the user's. */
static int
find(struct authusers *u, struct span user, struct scram_verifier *v)
{
	struct buf err = {0};
	struct span entry;
	int known = authusers_find(u, user, AUTHUSERS_SCRAM, &entry, &err);
	struct scram_verifier other;

	if (known == -1) {
		checkpw_trouble(&err);
		return -1;
	}
	if (entry.p == NULL || scram_parse(entry, v) != NULL) {
		/* Nobody has one. */
		*v = (struct scram_verifier){
		    .iterations = SCRAM_ITERATIONS_MIN, .nsalt = 16};
		known = 0;
	}
	/* For users too, and then not used: the same work. */
	other = *v;
	authusers_disguise(user, &other);
	if (known == 0)
		*v = other;
	return known;
}

int
checkpw_scram(struct authusers *u)
{
	struct buf line = {0}, first = {0}, final = {0}, nonce = {0}, message;
	struct scram_verifier v;
	struct arena a = {0};
	struct scram_first f;
	enum scram_end end;
	int known;

	if (read_line(&line) == -1 ||
	    scram_parse_first(buf_span(&line), &a, &f) != NULL)
		return CHECKPW_MISUSE;
	if ((known = find(u, f.user, &v)) == -1)
		return CHECKPW_LATER;
	make_nonce(&nonce);
	scram_put_first(&f, buf_span(&nonce), &v, &first);
	message = (struct buf){0};
	if (say(&first) == -1 || read_line(&message) == -1)
		return CHECKPW_MISUSE;
	end = scram_final(&f, buf_span(&first), &v, buf_span(&message),
	    &final);
	if (end == SCRAM_BAD)
		return CHECKPW_MISUSE;
	if (end == SCRAM_WRONG || known != 1)
		return CHECKPW_WRONG;
	return say(&final) == 0 ? CHECKPW_RIGHT : CHECKPW_LATER;
}
