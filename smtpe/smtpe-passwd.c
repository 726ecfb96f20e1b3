/*
 * smtpe-passwd: makes, replaces and takes out entries of an authusers file
 * (smtpe-passwd(8)). A password comes from the terminal or standard input,
 * never from the command line, where everybody sees it.
 */
#include "authusers.h"
#include "checkpw_entry.h"
#include "checkpw_file.h"
#include "die.h"
#include "file.h"
#include "log.h"
#include "num.h"
#include "option.h"
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/resource.h>
#include <unistd.h>

enum job { CHANGE, DELETE, LIST, PRINT, COMPILE };

static struct {
	enum job job;
	struct span methods;
	uint64_t iterations, cost;
	const char *table;
} options = {.methods = SPAN_LIT("scram-sha-256"),
    .iterations = CHECKPW_ITERATIONS};

static _Noreturn void
usage(int status)
{
	fputs("usage: smtpe-passwd [-m method,...] [-i iterations] [-r cost] "
	    "file user\n"
	    "       smtpe-passwd -n [-m method,...] [-i iterations] [-r cost] "
	    "user\n"
	    "       smtpe-passwd -d file user\n"
	    "       smtpe-passwd -l file\n"
	    "       smtpe-passwd -C table file\n"
	    "       smtpe-passwd -V | -h\n"
	    "methods: scram-sha-256 yescrypt sha512 bcrypt cram-md5\n",
	    status == 0 ? stdout : stderr);
	exit(status);
}

static void
parse(int argc, char **argv)
{
	int c;

	while ((c = getopt(argc, argv, "m:i:r:ndlC:hV")) != -1) {
		struct span value = span_of(optarg);

		if (c == 'm')
			options.methods = value;
		else if (c == 'i' && (num_parse_max(value,
		    SCRAM_ITERATIONS_MAX, &options.iterations) == -1 ||
		    options.iterations < SCRAM_ITERATIONS_MIN))
			die_perm("-i: not 4096 to 10000000: %s", optarg);
		else if (c == 'r' && num_parse_max(value, UINT32_MAX,
		    &options.cost) == -1)
			die_perm("-r: not a number: %s", optarg);
		else if (c == 'n' || c == 'd' || c == 'l')
			options.job = c == 'n' ? PRINT :
			    c == 'd' ? DELETE : LIST;
		else if (c == 'h')
			usage(0);
		else if (c == 'V')
			exit(printf("smtpe-passwd %s\n", version_text) < 0);
		else if (c == 'C') {
			options.job = COMPILE;
			options.table = optarg;
		} else if (c == '?') {
			usage(EXIT_PERM);
		}
	}
}

static struct span
take_user(const char *word)
{
	struct span user = span_of(word);

	if (!authusers_name_valid(user))
		die_perm("not a user's name: %s", word);
	return user;
}

static void
make_value(struct buf *value)
{
	struct span rest = options.methods, method;
	struct buf password = {0};
	const char *why;

	if ((why = checkpw_entry_ask(&password)) != NULL)
		die_perm("%s", why);
	(void)buf_cstr(&password);
	while (span_cut(&rest, ',', &method)) {
		if (value->n > 0)
			buf_putc(value, ' ');
		why = checkpw_entry_make(method, buf_span(&password),
		    (uint32_t)options.iterations, options.cost, value);
		if (why != NULL)
			die_perm("%.*s: %s", SPAN_ARG(method), why);
	}
	digest_wipe(password.p, password.n);
	buf_free(&password);
}

static void
print(struct span user)
{
	struct buf line = {0}, value = {0};

	make_value(&value);
	buf_put(&line, user);
	buf_putc(&line, ':');
	buf_put(&line, buf_span(&value));
	buf_putc(&line, '\n');
	if (file_write_all(STDOUT_FILENO, buf_span(&line)) == -1)
		die_temp_errno("standard output");
}

static const char *
kind(struct span word)
{
	unsigned use = authusers_use(word);

	if (use == 0)
		return "locked";
	return use & AUTHUSERS_SCRAM ? "scram-sha-256" :
	    use & AUTHUSERS_CRAM ? "cram-md5" : "crypt";
}

static void
list(const char *path)
{
	struct buf text = {0}, out = {0}, err = {0};
	struct span rest, user, value, word;

	if (file_read_at(AT_FDCWD, path, SIZE_MAX / 4, &text) == -1)
		die_temp_errno("%s", path);
	if (authusers_check(path, rest = buf_span(&text), &err) == -1)
		die_temp("%s", buf_cstr(&err));
	while (authusers_next(&rest, &user, &value)) {
		buf_put(&out, user);
		buf_putc(&out, ':');
		while (span_word(&value, &word))
			buf_printf(&out, " %s", kind(word));
		buf_putc(&out, '\n');
	}
	if (file_write_all(STDOUT_FILENO, buf_span(&out)) == -1)
		die_temp_errno("standard output");
}

static void
change(const char *path, struct span user)
{
	struct buf value = {0}, err = {0};
	int r;

	if (options.job == CHANGE)
		make_value(&value);
	r = checkpw_file_change(path, user, options.job == CHANGE ?
	    buf_span(&value) : span_make(NULL, 0), &err);
	if (r == -1)
		die_temp("%s", buf_cstr(&err));
	if (r == 1)
		die_perm("%s: no user %.*s", path, SPAN_ARG(user));
}

static void
compile(const char *path)
{
	struct buf err = {0};

	if (checkpw_file_compile(path, options.table, &err) == -1)
		die_temp("%s", buf_cstr(&err));
}

int
main(int argc, char **argv)
{
	const struct rlimit none = {0, 0};
	int words;

	log_init("smtpe-passwd", "stderr", -1);
	/* No core file with a password in it. */
	setrlimit(RLIMIT_CORE, &none);
	parse(argc, argv);
	words = argc - optind;
	argv += optind;
	if (options.job == PRINT && words == 1)
		print(take_user(argv[0]));
	else if (options.job == LIST && words == 1)
		list(argv[0]);
	else if (options.job == COMPILE && words == 1)
		compile(argv[0]);
	else if (options.job <= DELETE && words == 2)
		change(argv[0], take_user(argv[1]));
	else
		usage(EXIT_PERM);
	_exit(0);
}
