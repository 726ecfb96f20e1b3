/*
 * smtpclient: see smtpclient.h. One line out, one reply in; connections are
 * smtpclient_open.c's, transactions smtpclient_send.c's.
 */
#include "smtpclient_wire.h"
#include <errno.h>
#include <unistd.h>

#define CONNECT_MS 30000
#define REPLY_MS   300000
#define BLOCK_MS   180000
#define DOT_MS	   600000
#define SPOKE_MS   5000 /* for the rest of what came before its turn */

static const char *const outcomes[] = {
    [SMTPCLIENT_OK] = "ok",
    [SMTPCLIENT_TEMPORARY] = "temporary",
    [SMTPCLIENT_PERMANENT] = "permanent",
    [SMTPCLIENT_TIMEOUT] = "timeout",
    [SMTPCLIENT_LOST] = "lost",
    [SMTPCLIENT_NONSENSE] = "nonsense",
    [SMTPCLIENT_LOCAL] = "local",
    [SMTPCLIENT_INSECURE] = "insecure",
};

static const char *const stages[] = {
    [SMTPCLIENT_CONNECT] = "connect",
    [SMTPCLIENT_GREETING] = "greeting",
    [SMTPCLIENT_HELLO] = "hello",
    [SMTPCLIENT_TLS] = "starttls",
    [SMTPCLIENT_MAIL] = "mail",
    [SMTPCLIENT_RCPT] = "rcpt",
    [SMTPCLIENT_DATA] = "data",
    [SMTPCLIENT_DOT] = "dot",
    [SMTPCLIENT_RSET] = "rset",
    [SMTPCLIENT_QUIT] = "quit",
};

const char *
smtpclient_outcome_name(enum smtpclient_outcome outcome)
{
	return outcomes[outcome];
}

const char *
smtpclient_stage_name(enum smtpclient_stage stage)
{
	return stages[stage];
}

static void
set_default(int64_t *ms, int64_t standard)
{
	if (*ms <= 0)
		*ms = standard;
}

void
smtpclient_init(struct smtpclient *c, const struct smtpclient_config *config)
{
	c->config = *config;
	set_default(&c->config.connect_ms, CONNECT_MS);
	set_default(&c->config.reply_ms, REPLY_MS);
	set_default(&c->config.block_ms, BLOCK_MS);
	set_default(&c->config.dot_ms, DOT_MS);
	c->extensions = 0;
	c->size_max = 0;
	c->host = 0;
	c->dot_sent = false;
	c->fd = -1;
	c->broken = c->open = c->plain = false;
	c->tls = NULL;
	c->tls_failed = NULL;
	c->tls_client = NULL;
	c->ca = (struct tls_ca){0};
	c->why = (struct smtpclient_result){0};
	c->text = (struct buf){0};
	c->line = (struct buf){0};
	c->kept = (struct arena){0};
	/* Servers that are none show when a name is looked up. */
	(void)dns_init(&c->dns, NULL, 0);
	io_init(&c->io, -1, -1);
}

/* --- results --- */

struct smtpclient_result
smtpclient_ours(enum smtpclient_outcome outcome, enum smtpclient_stage stage,
    int code, const char *enhanced, const char *text)
{
	return (struct smtpclient_result){.outcome = outcome, .stage = stage,
	    .reply = {code, enhanced, span_of(text), false}};
}

void
smtpclient_break(struct smtpclient *c, enum smtpclient_outcome outcome,
    enum smtpclient_stage stage, int error)
{
	const char *enhanced = "4.4.2", *text = "connection lost";

	if (outcome == SMTPCLIENT_TIMEOUT) {
		text = "no answer in time";
	} else if (outcome == SMTPCLIENT_NONSENSE) {
		enhanced = "4.5.0";
		text = "not an SMTP reply";
	} else if (outcome == SMTPCLIENT_LOCAL) {
		enhanced = "4.3.0";
		text = "local trouble";
	} else if (stage == SMTPCLIENT_CONNECT) {
		enhanced = "4.4.1";
		text = tcp_strerror(error);
	}
	c->why = smtpclient_ours(outcome, stage, 451, enhanced, text);
	c->why.error = error;
	c->broken = true;
}

void
smtpclient_fail(struct smtpclient *c, enum smtpclient_stage stage, int error)
{
	smtpclient_break(c, error == ETIMEDOUT ? SMTPCLIENT_TIMEOUT :
						 SMTPCLIENT_LOST,
	    stage, error);
}

static void
nonsense(struct smtpclient *c, enum smtpclient_stage stage, const char *why)
{
	smtpclient_break(c, SMTPCLIENT_NONSENSE, stage, 0);
	c->why.reply.text = arena_printf(&c->kept, "not an SMTP reply: %s",
	    why);
}

/* As much of a reply's text as is kept, without half a character. */
static struct span
keep(struct smtpclient *c, struct span text)
{
	size_t n = SMTPCLIENT_TEXT;

	if (text.n > n) {
		while (n > SMTPCLIENT_TEXT - 4 &&
		    ((unsigned char)text.p[n] & 0xc0) == 0x80)
			n--;
		text = span_head(text, n);
	}
	return arena_dup(&c->kept, text);
}

/* What the server said, which is in c->text. */
static void
take_reply(struct smtpclient *c, enum smtpclient_stage stage, int want,
    int code, struct smtpclient_result *r)
{
	char enhanced[SMTPCLIENT_ENHANCED_TEXT];

	smtpclient_reply_enhanced(code, &c->text, enhanced);
	*r = (struct smtpclient_result){.stage = stage, .theirs = true,
	    .reply = {.code = code}};
	r->reply.text = keep(c, buf_span(&c->text));
	if (enhanced[0] != '\0')
		r->reply.enhanced = arena_cstr(&c->kept, span_of(enhanced));
	if (code / 100 == want) {
		r->outcome = SMTPCLIENT_OK;
	} else if (code >= 400) {
		r->outcome = code >= 500 ? SMTPCLIENT_PERMANENT :
					   SMTPCLIENT_TEMPORARY;
	} else {
		nonsense(c, stage, "a positive one out of turn");
		*r = c->why;
		return;
	}
	/* RFC 5321 3.8: "shutting down", in reply to anything. */
	if (code == 421) {
		c->broken = true;
		c->why = *r;
	}
}

/* --- lines --- */

int
smtpclient_put(struct smtpclient *c)
{
	struct span s = buf_span(&c->line);

	for (size_t i = 0; i < s.n; i++)
		if ((unsigned char)s.p[i] < 0x20 || s.p[i] == 0x7f)
			return -1;
	io_write(&c->io, s);
	io_write(&c->io, SPAN("\r\n"));
	return 0;
}

/*
 * A server that refuses and closes may make our writing fail before we have
 * read why: what it said is still there.
 */
static ssize_t
fill(struct io *io)
{
	ssize_t n = io_fill(io);

	if (n != -1 || io->error == 0 || io->error == ETIMEDOUT)
		return n;
	io->error = 0;
	return io_fill(io);
}

/* The next line, which ends in CRLF or, since nothing can be smuggled in this
 * direction, LF: 0, or -1 and the connection is broken. */
static int
read_line(struct smtpclient *c, enum smtpclient_stage stage,
    struct span *line)
{
	for (;;) {
		struct span s = io_pending(&c->io);
		size_t i = span_chr(s, '\n');
		ssize_t n;

		if (i < s.n && i <= SMTPCLIENT_LINE) {
			io_take(&c->io, i + 1);
			*line = span_head(s, i > 0 && s.p[i - 1] == '\r' ?
				i - 1 : i);
			return 0;
		}
		if (s.n > SMTPCLIENT_LINE) {
			nonsense(c, stage, "a line without end");
			return -1;
		}
		if ((n = fill(&c->io)) <= 0) {
			smtpclient_fail(c, stage, n == 0 ? ECONNRESET : errno);
			return -1;
		}
	}
}

void
smtpclient_get(struct smtpclient *c, enum smtpclient_stage stage, int want,
    int64_t ms, struct smtpclient_result *r)
{
	struct smtpclient_reply reply = {.text = &c->text};
	struct span line;
	int done = 0;

	buf_reset(&c->text);
	c->io.command_deadline = clock_deadline(ms);
	c->io.session_deadline = c->config.deadline;
	while (!c->broken && done == 0) {
		if (read_line(c, stage, &line) == -1)
			break;
		if ((done = smtpclient_reply_line(&reply, line)) == -1)
			nonsense(c, stage, reply.wrong);
	}
	if (c->broken)
		*r = c->why;
	else
		take_reply(c, stage, want, reply.code, r);
}

bool
smtpclient_spoke(struct smtpclient *c, enum smtpclient_stage stage)
{
	struct smtpclient_result r;

	if (c->broken)
		return true;
	if (!io_readable(&c->io))
		return false;
	smtpclient_get(c, stage, 0, SPOKE_MS, &r);
	c->broken = true;
	c->why = r;
	return true;
}

void
smtpclient_command(struct smtpclient *c, struct span line,
    enum smtpclient_stage stage, struct smtpclient_result *r)
{
	if (smtpclient_spoke(c, stage)) {
		*r = c->why;
		return;
	}
	buf_put(smtpclient_line(c), line);
	if (smtpclient_put(c) == -1) {
		*r = smtpclient_ours(SMTPCLIENT_LOCAL, stage, 451, "4.3.0",
		    "local trouble");
		r->error = EINVAL;
		return;
	}
	smtpclient_get(c, stage, 2, c->config.reply_ms, r);
}

void
smtpclient_abort(struct smtpclient *c)
{
	if (c->fd != -1)
		close(c->fd);
	c->fd = -1;
	c->tls = NULL;
}

const struct smtpclient_result *
smtpclient_why(const struct smtpclient *c)
{
	return &c->why;
}

void
smtpclient_free(struct smtpclient *c)
{
	smtpclient_abort(c);
	tls_client_free(c->tls_client);
	c->tls_client = NULL;
	cdbmap_close(&c->ca.table);
	buf_free(&c->text);
	buf_free(&c->line);
	arena_free(&c->kept);
	dns_close(&c->dns);
}
