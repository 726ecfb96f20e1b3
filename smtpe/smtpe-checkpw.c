/*
 * smtpe-checkpw: checks a password against the authusers file, by the
 * checkpassword convention (smtpe-checkpw(8)): login NUL password NUL
 * timestamp NUL on descriptor 3; 0, through the program that is named, when
 * it is right, 1 when it is wrong, 111 when nobody can tell now.
 *
 * It is the one program that reads the file, and it may be privileged for
 * that: then nothing its caller says chooses the file, and the privilege is
 * gone before the program runs.
 */
#include "checkpw.h"
#include "control.h"
#include "die.h"
#include "file.h"
#include "log.h"
#include "option.h"
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/auxv.h>
#include <sys/prctl.h>
#include <unistd.h>

enum mode { PASSWORD, CRAM, SCRAM, MECHANISMS };

static struct {
	enum mode mode;
	const char *file;
	bool privileged;
} options;

static _Noreturn void
usage(int status)
{
	fputs("usage: smtpe-checkpw [-f file] [--cram-md5] [program [argument "
	    "...]]\n       smtpe-checkpw [-f file] --scram-sha-256 | "
	    "--mechanisms\n       smtpe-checkpw -V | -h\n",
	    status == 0 ? stdout : stderr);
	exit(status);
}

static void
word_option(const char *word)
{
	if (strcmp(word, "--cram-md5") == 0)
		options.mode = CRAM;
	else if (strcmp(word, "--scram-sha-256") == 0)
		options.mode = SCRAM;
	else if (strcmp(word, "--mechanisms") == 0)
		options.mode = MECHANISMS;
	else if (strcmp(word, "-h") == 0 || strcmp(word, "--help") == 0)
		usage(0);
	else if (strcmp(word, "-V") == 0)
		exit(printf("smtpe-checkpw %s\n", version_text) < 0);
	else
		usage(CHECKPW_MISUSE);
}

/* Index of the first word that is no option. */
static int
parse(int argc, char **argv)
{
	int i = 1;

	for (; i < argc && argv[i][0] == '-' && argv[i][1] != '\0'; i++) {
		if (strcmp(argv[i], "--") == 0)
			return i + 1;
		if (strcmp(argv[i], "-f") != 0)
			word_option(argv[i]);
		else if (++i < argc)
			options.file = argv[i];
		else
			usage(CHECKPW_MISUSE);
	}
	return i;
}

/* The file: -f, or authusers in the control directory; who borrows our
 * privilege does not choose it. */
static const char *
file_path_of(struct arena *a)
{
	const char *dir = getenv("SMTPE_CONTROL");

	if (options.privileged)
		return CONTROL_DIR "/authusers";
	if (options.file != NULL)
		return options.file;
	return arena_printf(a, "%s/authusers",
	    dir != NULL ? dir : CONTROL_DIR).p;
}

/* Up to the end, or -1: nothing there, or more than anybody's login. */
static ssize_t
read_login(char *p, size_t size)
{
	size_t n = 0;

	while (n < size) {
		ssize_t r = read(CHECKPW_FD, p + n, size - n);

		if (r == -1 && errno == EINTR)
			continue;
		if (r == -1)
			return -1;
		if (r == 0)
			return (ssize_t)n;
		n += (size_t)r;
	}
	return -1;
}

static bool
cut_login(struct span input, struct checkpw_login *l)
{
	return span_cut(&input, '\0', &l->user) && input.p != NULL &&
	    span_cut(&input, '\0', &l->password) && input.p != NULL &&
	    span_cut(&input, '\0', &l->third) && input.p != NULL;
}

static int
check_login(struct authusers *u, char *user, size_t size)
{
	static char input[CHECKPW_INPUT];
	ssize_t n = read_login(input, sizeof input);
	struct checkpw_login l;
	int status;

	if (n == -1 || !cut_login(span_make(input, (size_t)n), &l))
		return CHECKPW_MISUSE;
	status = checkpw_password(u, &l, options.mode == CRAM);
	snprintf(user, size, "%.*s", SPAN_ARG(span_head(l.user, size - 1)));
	digest_wipe(input, sizeof input);
	return status;
}

static int
say_mechanisms(const struct authusers *u)
{
	struct buf b = {0};
	int r;

	if (!u->nobody && u->every & AUTHUSERS_SCRAM)
		buf_puts(&b, "SCRAM-SHA-256 ");
	if (!u->nobody && u->every & AUTHUSERS_CRAM)
		buf_puts(&b, "CRAM-MD5 ");
	buf_puts(&b, "PLAIN LOGIN\n");
	r = file_write_all(STDOUT_FILENO, buf_span(&b));
	buf_free(&b);
	return r == 0 ? CHECKPW_RIGHT : CHECKPW_LATER;
}

/* Descriptor 3 is the login's, no file of ours gets there. */
static void
hold_descriptors(void)
{
	for (int fd = 0; fd <= CHECKPW_FD; fd++)
		if (fcntl(fd, F_GETFD) == -1 &&
		    open("/dev/null", fd == 3 ? O_WRONLY : O_RDWR) != fd)
			_exit(CHECKPW_LATER);
}

/* The right password: on to the program, as who called us. */
static int
run(char **argv, const char *user)
{
	if (argv[0] == NULL)
		return CHECKPW_RIGHT;
	if (setresgid(getgid(), getgid(), getgid()) == -1 ||
	    setresuid(getuid(), getuid(), getuid()) == -1)
		die_temp_errno("cannot drop privileges");
	close(CHECKPW_FD);
	if (setenv("USER", user, 1) == -1)
		die_temp("out of memory");
	execvp(argv[0], argv);
	die_temp_errno("%s", argv[0]);
}

int
main(int argc, char **argv)
{
	static struct authusers u;
	static struct arena a;
	char user[AUTHUSERS_NAME + 1] = "";
	struct buf err = {0};
	int first, status;

	hold_descriptors();
	options.privileged = getauxval(AT_SECURE) != 0;
	/* No core file, no debugger of the caller's. */
	prctl(PR_SET_DUMPABLE, 0);
	log_init("smtpe-checkpw", "auto", -1);
	first = parse(argc, argv);
	if (authusers_open(&u, file_path_of(&a), &err) == -1)
		_exit(checkpw_trouble(&err));
	if (options.mode == MECHANISMS)
		status = say_mechanisms(&u);
	else if (options.mode == SCRAM)
		status = checkpw_scram(&u);
	else
		status = check_login(&u, user, sizeof user);
	authusers_close(&u);
	if (status != CHECKPW_RIGHT || options.mode == SCRAM ||
	    options.mode == MECHANISMS)
		_exit(status);
	_exit(run(argv + first, user));
}
