/* auth_dialogue: see auth_dialogue.h. */
#include "auth_dialogue.h"
#include "base64.h"
#include "digest.h"
#include "sasl.h"
#include <errno.h>

#define SECRET_MAX 4096 /* octets of a decoded line */

void
dialogue_wipe(struct span s)
{
	if (s.n > 0)
		digest_wipe((char *)(uintptr_t)s.p, s.n);
}

struct reply
dialogue_challenge(struct session *s, struct reply question,
    struct span *line)
{
	struct span raw;
	int r;

	session_reply(s, question);
	s->io.command_deadline = clock_deadline(s->controls.timeoutsmtpd);
	r = io_read_line(&s->io, COMMAND_MAX, &raw);
	if (r == -1 && errno == EMSGSIZE && (r = io_skip_line(&s->io)) == 1)
		return REPLY(500, "5.5.6", "Line too long");
	if (r != 1)
		return session_lost(s, r);
	*line = arena_dup(&s->scratch, raw);
	dialogue_wipe(raw);
	if (span_eq(*line, SPAN("*")))
		return REPLY(501, "5.7.0", "Authentication cancelled");
	return REPLY_NONE;
}

static struct reply
decode(struct session *s, struct span line, struct span *out)
{
	struct buf b = {0};

	/* RFC 4954 4: longer than any of its mechanisms sends. */
	if (line.n / 4 * 3 > SECRET_MAX)
		return REPLY(500, "5.5.6", "Line too long");
	if (base64_decode(line, &b) == -1)
		return REPLY(501, "5.5.2", "Not base64");
	*out = arena_dup(&s->scratch, buf_span(&b));
	dialogue_wipe(buf_span(&b));
	buf_free(&b);
	return REPLY_NONE;
}

struct reply
dialogue_ask(struct session *s, struct dialogue *d, struct span question,
    struct span *out)
{
	struct reply r = REPLY_NONE, q = {334, NULL, question, false};
	struct span line = d->initial;

	if (line.p == NULL)
		r = dialogue_challenge(s, q, &line);
	else if (span_eq(line, SPAN("="))) /* RFC 4954 4: an empty one */
		line = span_of("");
	d->initial.p = NULL;
	if (r.code != 0 || s->ending != GOES_ON)
		return r;
	return decode(s, line, out);
}

struct span
dialogue_encode(struct session *s, struct span text)
{
	struct buf b = {0};
	struct span out;

	base64_encode(text, &b);
	out = arena_dup(&s->scratch, buf_span(&b));
	buf_free(&b);
	return out;
}

struct reply
dialogue_plain(struct session *s, struct dialogue *d)
{
	struct span text = {NULL, 0};
	struct reply r = dialogue_ask(s, d, SPAN(""), &text);

	if (r.code != 0 || s->ending != GOES_ON)
		return r;
	if (!sasl_parse_plain(text, &d->authzid, &d->user, &d->password))
		return REPLY(501, "5.5.2", "Not a PLAIN response");
	return REPLY_NONE;
}

struct reply
dialogue_login(struct session *s, struct dialogue *d)
{
	struct reply r = dialogue_ask(s, d, SPAN("VXNlcm5hbWU6"), &d->user);

	if (r.code == 0 && s->ending == GOES_ON)
		r = dialogue_ask(s, d, SPAN("UGFzc3dvcmQ6"), &d->password);
	if (r.code != 0 || s->ending != GOES_ON)
		return r;
	if (!sasl_is_user(d->user) || !sasl_is_password(d->password))
		return REPLY(501, "5.5.2", "Not a user name and a password");
	return r;
}

/* RFC 2195 2: the server begins; nobody else ever gets this challenge. */
struct reply
dialogue_cram(struct session *s, struct dialogue *d)
{
	struct span text = {NULL, 0};
	char id[ID_SIZE];
	struct reply r;

	/* RFC 4954 4: an initial response to a mechanism without one. */
	if (d->initial.p != NULL)
		return REPLY(501, "5.5.4", "CRAM-MD5 has no initial response");
	id_make(id);
	d->challenge = arena_printf(&s->scratch, "<%s.%lld@%.*s>", id,
	    (long long)clock_wall(), SPAN_ARG(s->controls.me));
	r = dialogue_ask(s, d, dialogue_encode(s, d->challenge), &text);
	if (r.code != 0 || s->ending != GOES_ON)
		return r;
	if (!sasl_parse_cram(text, &d->user, &d->response))
		return REPLY(501, "5.5.2", "Not a CRAM-MD5 response");
	return REPLY_NONE;
}
