/*
 * agent-pipe: delivers to programs. The route's command is the
 * administrator's and run by sh; who the mail is from and for stands in the
 * environment, never in the command (agent-pipe(8)). One run per recipient;
 * its exit status, qmail's, is the answer, and what it said the answer's text.
 */
#include "agent.h"
#include "log.h"
#include "pipe_env.h"
#include "pipe_run.h"
#include "reply.h"
#include <stdlib.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#define TEXT 900 /* octets of a program's words in an answer */

static struct pipe_user user;
static struct pipe_run run;
static struct maildir_text text;

static void
start(struct agent *a)
{
	(void)a;
	umask(077);
	pipe_user_find(&user);
	if (chdir(user.home) == -1 && chdir("/") == -1)
		log_warn("pipe-home", "neither %s nor / can be entered",
		    user.home);
}

/* The runner must hear of us within agenttimeout. */
static clock_ms
deadline_of(const struct controls *c)
{
	int64_t ms = c->pipetimeout, most = c->agenttimeout / 10 * 9;

	if (most > 0 && (ms <= 0 || ms > most))
		ms = most;
	return clock_deadline(ms);
}

/* What it said on one line, or how it ended. */
static struct span
words(struct agent_job *job, struct span said)
{
	struct buf b = {0};
	struct span word, result;

	while (said.n > 0 && b.n < TEXT) {
		size_t n = 0;

		while (n < said.n && (unsigned char)said.p[n] > ' ' &&
		    said.p[n] != 0x7f)
			n++;
		word = span_head(said, n);
		said = span_skip(said, n ? n : 1);
		if (word.n == 0)
			continue;
		if (b.n > 0)
			buf_putc(&b, ' ');
		buf_put(&b, span_head(word, TEXT));
	}
	if (b.n == 0 && run.late)
		buf_puts(&b, "it did not end in time");
	else if (b.n == 0 && WIFSIGNALED(run.status))
		buf_printf(&b, "killed by signal %d", WTERMSIG(run.status));
	else if (b.n == 0)
		buf_printf(&b, "exit status %d", WEXITSTATUS(run.status));
	else if (run.late)
		buf_puts(&b, " (it did not end in time)");
	result = arena_dup(&job->arena, buf_span(&b));
	buf_free(&b);
	return result;
}

/* As other mail systems do: a text that begins with an enhanced code of the
 * right class names the reason (RFC 3463). */
static const char *
cut_enhanced(struct agent_job *job, struct span *said, const char *standard)
{
	size_t n = span_chr(*said, ' ');
	struct span code = span_head(*said, n);

	if (!reply_enhanced_valid(code) || code.p[0] != standard[0])
		return standard;
	if (n < said->n)
		*said = span_skip(*said, n + 1);
	return arena_cstr(&job->arena, code);
}

static void
answer(struct agent *a, struct agent_job *job, size_t rcpt)
{
	static const struct {
		enum outcome outcome;
		int code;
		const char *enhanced;
	} of[] = {
	    [PIPE_OK] = {OUTCOME_OK, 250, "2.0.0"},
	    [PIPE_LATER] = {OUTCOME_LATER, 451, "4.3.0"},
	    [PIPE_FAIL] = {OUTCOME_FAIL, 554, "5.3.0"},
	};
	enum pipe_verdict v = run.late ? PIPE_LATER : pipe_verdict(run.status);
	struct span said = words(job, buf_span(&run.output));
	const char *enhanced = cut_enhanced(job, &said, of[v].enhanced);

	agent_done(a, job, rcpt, of[v].outcome, of[v].code, enhanced, said);
}

static void
deliver_one(struct agent *a, struct agent_job *job, size_t rcpt,
    const char *command)
{
	const char *const *env = pipe_env(&user, &a->controls, job, rcpt,
	    clock_wall());

	maildir_text_start(&text, job, rcpt);
	pipe_run(&run, command, env, &text, deadline_of(&a->controls));
	compose_end(&text.compose);
	if (run.error == 0) {
		answer(a, job, rcpt);
		return;
	}
	agent_done(a, job, rcpt, OUTCOME_LATER, 451, "4.3.0",
	    arena_printf(&job->arena, "cannot %s: %s", run.doing,
		strerror(run.error)));
}

static void
refuse(struct agent *a, struct agent_job *job, const char *enhanced,
    struct span why)
{
	agent_done_all(a, job, OUTCOME_LATER, 451, enhanced, why);
	agent_job_free(a, job);
}

static void
deliver(struct agent *a, struct agent_job *job)
{
	struct span prefix = SPAN("pipe:");
	struct span command = span_skip(job->route, prefix.n);
	bool *loops = arena_zalloc(&job->arena, job->nrcpts * sizeof *loops);
	bool too_many = false;

	if (!span_istarts(job->route, prefix) ||
	    span_trim(command).n == 0 || span_chr(command, '\0') < command.n) {
		refuse(a, job, "4.3.5", arena_printf(&job->arena,
		    "not a route to a program: %.*s", SPAN_ARG(job->route)));
		return;
	}
	if (maildir_text_load(&text, job, loops, &too_many) == -1) {
		refuse(a, job, "4.3.0", SPAN("cannot read the entry"));
		return;
	}
	for (size_t i = 0; i < job->nrcpts; i++) {
		if (loops[i] || too_many)
			agent_done(a, job, i, OUTCOME_FAIL, 554, "5.4.6",
			    loops[i] ? SPAN("mail loop: it was delivered to "
					    "this address before") :
				       SPAN("mail loop: too many "
					    "Delivered-To"));
		else
			deliver_one(a, job, i,
			    arena_cstr(&job->arena, command));
		/* The next one may take its time. */
		if (i + 1 < job->nrcpts)
			agent_flush(a);
	}
	agent_job_free(a, job);
}

int
main(int argc, char **argv)
{
	static const struct agent_type type = {
	    .name = "agent-pipe",
	    .doc = "Delivers to programs, for queuerun.",
	    .window = 4,
	    .workers_of = agent_workers_local,
	    .start = start,
	    .deliver = deliver,
	};

	return agent_main(argc, argv, &type);
}
