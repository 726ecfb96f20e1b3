/*
 * smtpe: one SMTP session on fd 0 and 1, then exit (smtpe(8)). Exit status 0
 * for every end the client caused, 111 for trouble of ours (after a 421), 100
 * for a wrong command line.
 */
#include "session.h"
#include "connect.h"
#include "die.h"
#include "dns.h"
#include "log.h"
#include "option.h"
#include "peer.h"
#include "starttls.h"
#include "try.h"
#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <signal.h>
#include <stdlib.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <unistd.h>

#define DEFAULT_SCRIPT "/etc/smtpe/smtpe.lua"

static struct session session;

static bool check, trace, submission, smtps, lmtp;
static const char *peer;

static void
set_check(const char *value)
{
	(void)value;
	check = true;
}

static void
set_trace(const char *value)
{
	(void)value;
	trace = true;
}

static void
set_submission(const char *value)
{
	(void)value;
	submission = true;
}

static void
set_lmtp(const char *value)
{
	(void)value;
	lmtp = true;
}

static void
set_smtps(const char *value)
{
	(void)value;
	smtps = true;
}

static void
set_peer(const char *value)
{
	peer = value;
}

/* The command's and the launcher's words for this client stand above what
 * files say (smtpe-control(5)). */
static void
settle(struct controls *c)
{
	const char *databytes = getenv("DATABYTES");
	struct buf err = {0};

	if (submission)
		control_set(c, SPAN("submission"), SPAN("1"), FROM_OPTION,
		    &err);
	if (lmtp)
		control_set(c, SPAN("lmtp"), SPAN("1"), FROM_OPTION, &err);
	if (databytes != NULL && control_set(c, SPAN("databytes"),
		span_of(databytes), FROM_LAUNCHER, &err) == -1)
		die_temp("DATABYTES: %s", buf_cstr(&err));
}

static const struct option_own own[] = {
    {"--check", false, set_check},
    {"--trace", false, set_trace},
    {"--peer", true, set_peer},
    {"--submission", false, set_submission},
    {"--lmtp", false, set_lmtp},
    {"--smtps", false, set_smtps},
    {NULL, false, NULL},
};

static const struct option_program program = {
    .name = "smtpe",
    .usage = "[--check] [--trace] [--peer IP[,NAME]] [--smtps] "
	     "[--submission] [--lmtp] [checkpassword program ...]",
    .own = own,
    .settle = settle,
    .doc = "Speaks SMTP on standard input and output, runs the script's hooks\n"
	   "and puts each accepted message into the queue before it says 250.\n"
	   "Meant to be started by tcpserver, systemd or inetd; a file of\n"
	   "commands on standard input does as well.\n",
    .client_fd = 0,
};

/* What fits into the pipe or socket right now, no more: we may be here from
 * a signal handler. */
static void
say(const char *p, size_t n)
{
	struct pollfd out = {session.io.wfd, POLLOUT, 0};

	if (send(out.fd, p, n, MSG_DONTWAIT | MSG_NOSIGNAL) != -1 ||
	    errno != ENOTSOCK || poll(&out, 1, 0) < 1)
		return;
	if (write(out.fd, p, n) == -1)
		return;
}

static const char last_words[] = "421 4.3.0 Local trouble, try again later\r\n";
#define WORDS_MS 1000 /* for a client that does not listen */

/* Through TLS: not from a signal handler, nor from inside itself. */
static void
say_encrypted(struct session *s)
{
	if (tls_busy(s->tls))
		return;
	s->io.command_deadline = clock_deadline(WORDS_MS);
	io_write(&s->io, SPAN(last_words));
	starttls_end(s);
}

/*
 * The last thing a client hears when we cannot go on. Only whole replies are
 * ever in the buffer, so 421 stands alone on its line; when one may be half
 * on its way, nothing is said, and nothing in clear where TLS is, or is to be.
 */
static void
say_and_clean(bool in_handler)
{
	struct session *s = &session;

	if (s->in.fd != -1)
		unlinkat(s->queue.fd, s->in.path, 0);
	try_dry_end(s);
	/* Who checks a script is no client. */
	if (s->io.flushing || check)
		return;
	if (s->encrypted && !in_handler)
		say_encrypted(s);
	if (s->tls != NULL || smtps)
		return;
	if (s->io.out_n > 0)
		say(s->io.out, s->io.out_n);
	say(last_words, sizeof last_words - 1);
}

/* die_temp(): --check goes on with what else is wrong. */
static void
before_death(void)
{
	if (check)
		try_check_controls(&session);
	say_and_clean(false);
}

/* A hook is in C code that does not come back: the log line was prepared
 * before it was called. Runs in a signal handler. */
static void
stuck(const char *line, size_t n)
{
	if (write(2, line, n) == -1) {
		/* Nobody reads the log; the client is told all the same. */
	}
	say_and_clean(true);
	_exit(EXIT_TEMP);
}

/*
 * The client's descriptors become private ones, so that nothing a script, a
 * library or a child program writes to its standard output ever reaches the
 * client, and nothing it reads eats the dialogue.
 */
static void
move_client_fds(struct io *io)
{
	struct stat in, err;
	int rfd = fcntl(0, F_DUPFD_CLOEXEC, 3);
	int wfd = fcntl(1, F_DUPFD_CLOEXEC, 3);
	int null = open("/dev/null", O_RDWR | O_CLOEXEC);

	if (rfd == -1 || wfd == -1 || null == -1 || fstat(0, &in) == -1)
		die_temp_errno("cannot set up the descriptors");
	io->rfd = rfd;
	io->wfd = wfd;
	/* People and files of commands end lines with LF, SMTP never does
	 * (RFC 5321 2.3.8): two commands in what was one line are smuggling. */
	io->crlf_only = S_ISSOCK(in.st_mode) ||
	    (session.peer.ip.family != 0 && peer == NULL);
	/* inetd: fd 2 is the client's socket, too. */
	if (fstat(2, &err) == 0 &&
	    in.st_dev == err.st_dev && in.st_ino == err.st_ino &&
	    S_ISSOCK(in.st_mode))
		dup2(null, 2);
	dup2(null, 0);
	dup2(2, 1);
	close(null);
}

/* Does somebody try his script? An option says so, or there is no network,
 * but a person or a file of commands. */
static bool
is_trying(const struct session *s)
{
	return check || trace || s->dry_run || !s->io.crlf_only;
}

/* Whom the launcher lets send to anybody, and who takes its messages. */
static void
ask_launcher(struct session *s)
{
	const char *relayclient = getenv("RELAYCLIENT");

	if (relayclient != NULL) {
		s->launcher_relays = true;
		s->relay_suffix = span_of(relayclient);
	}
	s->qmailqueue = getenv("QMAILQUEUE");
	session_settings_changed(s);
}

/* Returns the script's path, or NULL when there is none. For --check *error
 * is why it could not be loaded, or NULL. */
static const char *
load_script(struct session *s, const char **error)
{
	const struct controls *c = &s->controls;
	struct hook_config config = {
	    .path = c->script,
	    .luapath = c->luapath.n ?
		arena_cstr(&s->arena, c->luapath) : NULL,
	    .memory = c->luamemory,
	    .timeout_ms = c->hooktimeout,
	    .defer_errors = span_eq(c->hookerror, SPAN("defer")),
	    .facts = &s->facts,
	    .me = c->me,
	    .trace = trace,
	    .trying = is_trying(s),
	    .stuck = stuck,
	    .controls = &s->controls,
	    .changed = session_settings_changed,
	    .control_dir = c->dir,
	    .dnsservers = c->dnsservers.v,
	    .ndnsservers = c->dnsservers.n,
	    .dnstimeout_ms = c->dnstimeout,
	};
	struct buf err = {0};

	*error = NULL;
	/* Only a script that somebody named must be there. */
	if (config.path == NULL) {
		if (access(DEFAULT_SCRIPT, F_OK) == -1 && errno == ENOENT)
			return NULL;
		config.path = DEFAULT_SCRIPT;
	}
	s->hooks = hooks_load(&config, &err);
	if (s->hooks == NULL && !check)
		die_temp("script: %s", buf_cstr(&err));
	if (s->hooks == NULL)
		*error = buf_cstr(&err);
	return config.path;
}

/* --peer: the client that somebody who tries a policy wants to be. */
static void
pretend(struct peer *p, const char *text, struct arena *a)
{
	struct span name = span_of(text), ip;
	char formatted[IP_TEXT];

	span_cut(&name, ',', &ip);
	memset(p, 0, sizeof *p);
	if (ip_parse(ip, &p->ip) == -1)
		die_perm("--peer: not an address: %.*s", SPAN_ARG(ip));
	p->ip_text = arena_dup(a, span_of(ip_format(&p->ip, formatted)));
	p->name_known = name.p != NULL;
	if (name.p != NULL && name.n > 0 && !address_domain_valid(name))
		die_perm("--peer: not a host name: %.*s", SPAN_ARG(name));
	if (name.p != NULL && name.n > 0)
		p->name = peer_lower(a, name);
}

/* qmail-smtpd's: the rest of the command line is a checkpassword program and
 * what it is to run; where that is missing, true(1). */
static void
take_checkpassword(struct session *s, char **words)
{
	static const char *alone[] = {NULL, "true", NULL};

	alone[0] = words[0];
	s->checkpassword = words[1] == NULL ? alone :
	    (const char *const *)words;
}

/* As root nothing is done but this: the queue's owner goes on. So it is with
 * --check, which finds what he cannot read, but makes no queue. */
static void
open_queue_as_root(struct session *s)
{
	const char *dir = s->controls.queuedir;

	if (geteuid() != 0 || (check && access(dir, F_OK) == -1))
		return;
	s->queue_opened = queue_open(&s->queue, dir) == 0;
	if (!s->queue_opened && !check)
		die_temp_errno("%s", dir);
}

int
main(int argc, char **argv)
{
	struct session *s = &session;
	struct controls *c = &s->controls;
	const char *script, *error;
	int first;

	s->in.fd = -1;
	s->queue.fd = -1;
	io_init(&s->io, 0, 1);
	log_init(program.name, "auto", 0);
	die_set_last_words(before_death);
	signal(SIGPIPE, SIG_IGN);
	signal(SIGXFSZ, SIG_IGN); /* a limit is a failed write: 452, not death */
	first = option_parse(&program, argc, argv, c);
	/* Who asked is to see what is logged. */
	if (check)
		log_init(program.name, "stderr", -1);
	if (argv[first] != NULL)
		take_checkpassword(s, argv + first);
	peer_detect(&s->peer, 0, 1, &s->arena);
	if (peer != NULL)
		pretend(&s->peer, peer, &s->arena);
	move_client_fds(&s->io);
	if (strcmp(c->queuedir, "none") == 0)
		try_dry_start(s);
	open_queue_as_root(s);
	if (c->dnsservers.n > DNS_SERVERS)
		die_temp("dnsservers: more than %d", DNS_SERVERS);
	ask_launcher(s);
	s->morercpthosts.path = control_path(c, "morercpthosts.cdb");
	s->recipients.path = control_path(c, "recipients.cdb");
	s->domains_cdb.path = control_path(c, "domains.cdb");
	s->queues_cdb.path = control_path(c, "queues.cdb");
	s->senderlogin.path = control_path(c, "senderlogin.cdb");
	/* No table is looked for where the directory has none. */
	s->morercpthosts.tried = s->recipients.tried = s->domains_cdb.tried =
	    s->queues_cdb.tried = s->senderlogin.tried = !c->tables;
	s->smtps = smtps;
	/* Whom we pretend to talk to is the client himself. */
	if (peer != NULL)
		c->proxyhosts.n = 0;
	if (!check && !connect_let_in(s)) {
		try_dry_end(s);
		_exit(s->failed ? EXIT_TEMP : 0);
	}
	session_set_facts(s);
	s->trace = trace;
	script = load_script(s, &error);
	if (check) {
		int status = try_check(s, script, error);

		try_dry_end(s);
		_exit(status);
	}
	session_run(s);
	try_dry_end(s);
	_exit(s->failed ? EXIT_TEMP : 0);
}
