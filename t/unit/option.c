/* option: each case in a child, because most of them end the process. */
#include "option.h"
#include "die.h"
#include "log.h"
#include "tap.h"
#include <errno.h>
#include <stdlib.h>
#include <sys/socket.h>
#include <sys/wait.h>
#include <unistd.h>

#define MAX_WORDS 16

static struct buf said; /* what the child wrote to fd 1 and 2 */
static int client_fd = -1;

static void
take_now(const char *value)
{
	dprintf(1, "now=%s ", value);
}

static void
take_watch(const char *value)
{
	dprintf(1, "watch=%s ", value == NULL ? "" : value);
}

static void
take_id(const char *value)
{
	dprintf(1, "id=%s ", value);
}

static const struct option_own own[] = {
    {"--now", true, take_now},
    {"--nowhere", false, take_watch},
    {"-w", false, take_watch},
    {"-i", true, take_id},
    {NULL, false, NULL},
};

static _Noreturn void
child(char **argv, int argc)
{
	struct option_program program = {
	    .name = "prog",
	    .usage = "[-w] [--now EPOCH]",
	    .doc = "Does nothing.",
	    .own = own,
	    .client_fd = client_fd,
	};
	struct controls c;
	int next = option_parse(&program, argc, argv, &c);

	dprintf(1, "next=%d databytes=%s script=%s queuedir=%s dir=%s", next,
	    c.text[CONTROL_databytes].p, c.script ? c.script : "-",
	    c.queuedir, c.dir);
	arena_free(&c.arena);
	_exit(0);
}

static void
read_all(int fd)
{
	ssize_t n;

	buf_reset(&said);
	while ((n = read(fd, buf_reserve(&said, 4096), 4096)) != 0) {
		if (n == -1 && errno == EINTR)
			continue;
		if (n == -1)
			break;
		said.n += (size_t)n;
	}
}

/* Parses words, which are divided by '|'; the exit status. */
static int
run(const char *words)
{
	char *argv[MAX_WORDS + 2];
	struct arena arena = {0};
	struct span rest = span_of(words);
	struct span word;
	int argc = 0;
	int status = -1;
	int fds[2];
	pid_t pid;

	argv[argc++] = (char *)(uintptr_t)"prog";
	while (*words != '\0' && argc <= MAX_WORDS &&
	    span_cut(&rest, '|', &word))
		argv[argc++] = (char *)(uintptr_t)arena_cstr(&arena, word);
	argv[argc] = NULL;
	if (pipe(fds) == -1 || (pid = fork()) == -1) {
		printf("Bail out! %s\n", strerror(errno));
		exit(1);
	}
	if (pid == 0) {
		dup2(fds[1], 1);
		if (client_fd == -1)
			dup2(fds[1], 2);
		else
			dup2(client_fd, 2);
		close(fds[0]);
		close(fds[1]);
		child(argv, argc);
	}
	close(fds[1]);
	read_all(fds[0]);
	close(fds[0]);
	while (waitpid(pid, &status, 0) == -1 && errno == EINTR)
		;
	arena_free(&arena);
	return WIFEXITED(status) ? WEXITSTATUS(status) : -1;
}

static bool
says(const char *text)
{
	if (strstr(buf_cstr(&said), text) != NULL)
		return true;
	diag("said: %s", buf_cstr(&said));
	return false;
}

static const struct {
	const char *words;
	const char *want;
} good[] = {
    {"", "next=1 databytes=0 script=- queuedir=/var/spool/smtpe/queue "
	 "dir=/tmp/smtpe-option-"},
    {"-c|.", "next=3 databytes=0 script=- queuedir=/var/spool/smtpe/queue "
	     "dir=."},
    {"-c.", "next=2 databytes=0 script=- queuedir=/var/spool/smtpe/queue "
	    "dir=."},
    {"-s|a.lua|-q|/q", "next=5 databytes=0 script=a.lua queuedir=/q"},
    {"-sa.lua|-q/q|word", "next=3 databytes=0 script=a.lua queuedir=/q"},
    {"-o|databytes=5|-o|databytes=6", "next=5 databytes=6"},
    {"-odatabytes=5|-q/r|-o|spool-dir=/q", "next=5 databytes=5 script=- "
					   "queuedir=/q"},
    {"--|-x", "next=2 "},
    {"-|-x", "next=1 "},
    {"word|-x", "next=1 "},
    {"--now=5", "now=5 next=2"},
    {"--now|5", "now=5 next=3"},
    {"--now=", "now= next=2"},
    {"--now|-5", "now=-5 next=3"},
    {"-w|--now|5|-w", "watch= now=5 watch= next=5"},
    {"--nowhere", "watch= next=2"},
    {"-i7|-i|8|-i=9", "id=7 id=8 id==9 next=5"},
    {"-s|-o|-o|databytes=7", "next=5 databytes=7 script=-o"},
};

static const struct {
	const char *words;
	int status;
	const char *want;
} bad[] = {
    {"-x", EXIT_PERM, "prog: unknown option -x; -h lists them"},
    {"--nox=5", EXIT_PERM, "prog: unknown option --nox=5"},
    {"--no", EXIT_PERM, "prog: unknown option --no;"},
    {"--nower", EXIT_PERM, "prog: unknown option --nower;"},
    {"--nowhere=1", EXIT_PERM, "prog: option --nowhere takes no value"},
    {"-wx", EXIT_PERM, "prog: unknown option -wx;"},
    {"-w=1", EXIT_PERM, "prog: unknown option -w=1;"},
    {"-c", EXIT_PERM, "prog: option -c needs a value"},
    {"-o", EXIT_PERM, "prog: option -o needs a value"},
    {"--now", EXIT_PERM, "prog: option --now needs a value"},
    {"-o|databyte=5", EXIT_PERM, "did you mean databytes?"},
    {"-o|databytes=x", EXIT_PERM, "is not a size"},
    {"-o|databytes", EXIT_PERM, "is not name=value"},
    {"-c|/nonexistent", EXIT_TEMP, "control directory /nonexistent"},
    {"--show-controls|-c|/nonexistent", EXIT_TEMP, "/nonexistent"},
    {"--show-controls|-o|a=b", EXIT_PERM, "is no control"},
};

static void
test_words(void)
{
	for (size_t i = 0; i < sizeof good / sizeof *good; i++) {
		is_int(run(good[i].words), 0, good[i].words);
		ok(says(good[i].want), good[i].want);
	}
	for (size_t i = 0; i < sizeof bad / sizeof *bad; i++) {
		is_int(run(bad[i].words), bad[i].status, bad[i].words);
		ok(says(bad[i].want), bad[i].want);
	}
}

static void
test_printing(void)
{
	is_int(run("-V"), 0, "-V");
	ok(says("prog 0."), "says program and number");
	is_span(span_skip(buf_span(&said), said.n - 2), SPAN(")\n"),
	    "and the variant");
	is_int(run("-h"), 0, "-h");
	ok(says("usage: prog [-c DIR] [-s SCRIPT] [-q QUEUEDIR] "
		"[-o name=value]... [-w] [--now EPOCH]\n"), "usage");
	ok(says("Does nothing."), "doc");
	ok(says("  databytes (size, default 0)\n"), "controls");
	is_int(run("--help"), 0, "--help");
	is_int(run("--show-controls|-o|databytes=5|word"), 0,
	    "--show-controls");
	ok(says("\ndatabytes 5 (option)\n"), "shows, whatever the order");
	is_int(run("--help-mdoc"), 0, "--help-mdoc");
	ok(says(".It Ic databytes"), "the manual's list");
	setenv("SMTPE_DATABYTES", "x", 1);
	is_int(run(""), EXIT_TEMP, "a bad variable is a temporary failure");
	ok(says("SMTPE_DATABYTES"), "and is named");
	unsetenv("SMTPE_DATABYTES");
}

/* Under inetd fd 2 is the client: complaints must not get there. */
static void
test_client(void)
{
	int pair[2];
	char c;

	if (socketpair(AF_UNIX, SOCK_STREAM, 0, pair) == -1) {
		ok(false, "socketpair");
		return;
	}
	client_fd = pair[0];
	is_int(run("-c|/nonexistent"), EXIT_TEMP, "with a client on fd 2");
	is_int(recv(pair[1], &c, 1, MSG_DONTWAIT), -1,
	    "it is told nothing");
	is_int(run("-o|log=stderr|-c|/nonexistent"), EXIT_TEMP,
	    "the same before log is known");
	is_int(recv(pair[1], &c, 1, MSG_DONTWAIT), -1,
	    "it is told nothing");
	client_fd = -1;
	close(pair[0]);
	close(pair[1]);
}

int
main(void)
{
	char dir[] = "/tmp/smtpe-option-XXXXXX";

	if (mkdtemp(dir) == NULL) {
		printf("Bail out! %s\n", dir);
		return 1;
	}
	setenv("SMTPE_CONTROL", dir, 1);
	test_words();
	test_printing();
	test_client();
	rmdir(dir);
	buf_free(&said);
	return done_testing();
}
