/*
 * smtpe-import-env: writes a control directory from the environment file of a
 * receiver that publishes into RabbitMQ and is set by variables
 * (smtpe-import-env(8)). Everything is read and checked before the first file
 * is written; a file that is there with another value stays, unless -f.
 */
#include "arena.h"
#include "buf.h"
#include "control.h"
#include "die.h"
#include "dotenv.h"
#include "file.h"
#include "ip.h"
#include "log.h"
#include "num.h"
#include "option.h"
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/stat.h>
#include <unistd.h>

#define FILE_LIMIT 1048576
#define SHORTSTR 255 /* octets of an exchange or key (AMQP 0-9-1 4.2.5.3) */

enum variable {
	BIND_ADDRESS, BIND_PORT, SERVER_NAME, MAX_EMAIL_SIZE_BYTES,
	MAX_TIMEOUT_SECS, TEMP_EMAIL_DIR, AMQP_HOST, AMQP_PORT, AMQP_USERNAME,
	AMQP_PASSWORD, AMQP_VHOST, AMQP_EXCHANGE, AMQP_ROUTING_KEY,
	AMQP_BUFFER_SIZE, VARIABLES
};

/* control NULL: it becomes part of something else. A default is what counts
 * where the file does not name it; p NULL: nothing is written then. */
static const struct variable_row {
	const char *name, *control;
	enum { TEXT, NUMBER, PORT, HOST, DIRECTORY, NAME } type;
} rows[VARIABLES] = {
    [BIND_ADDRESS] = {"BIND_ADDRESS", NULL, HOST},
    [BIND_PORT] = {"BIND_PORT", NULL, PORT},
    [SERVER_NAME] = {"SERVER_NAME", "me", TEXT},
    [MAX_EMAIL_SIZE_BYTES] = {"MAX_EMAIL_SIZE_BYTES", "databytes", NUMBER},
    [MAX_TIMEOUT_SECS] = {"MAX_TIMEOUT_SECS", "timeoutsession", NUMBER},
    [TEMP_EMAIL_DIR] = {"TEMP_EMAIL_DIR", "amqpspill", DIRECTORY},
    [AMQP_HOST] = {"AMQP_HOST", NULL, HOST},
    [AMQP_PORT] = {"AMQP_PORT", NULL, PORT},
    [AMQP_USERNAME] = {"AMQP_USERNAME", NULL, TEXT},
    [AMQP_PASSWORD] = {"AMQP_PASSWORD", NULL, TEXT},
    [AMQP_VHOST] = {"AMQP_VHOST", NULL, TEXT},
    [AMQP_EXCHANGE] = {"AMQP_EXCHANGE", "amqpexchange", NAME},
    [AMQP_ROUTING_KEY] = {"AMQP_ROUTING_KEY", "amqproutingkey", NAME},
    [AMQP_BUFFER_SIZE] = {"AMQP_BUFFER_SIZE", "amqpwindow", NUMBER},
};

/* The files to be written, in this order. */
struct output {
	const char *name;
	struct buf content;
};

static struct arena arena;
static struct span value[VARIABLES]; /* p NULL: not in the file */
static struct output outputs[24];
static size_t noutputs;

static void
usage(int status)
{
	fputs("usage: smtpe-import-env [-f] [-c controldir] FILE\n"
	      "       smtpe-import-env -V | -h\n",
	    status == 0 ? stdout : stderr);
	exit(status);
}

/* Without the brackets that an address has in a URI. */
static struct span
bare_host(struct span s)
{
	if (s.n > 2 && s.p[0] == '[' && s.p[s.n - 1] == ']')
		return span_head(span_skip(s, 1), s.n - 2);
	return s;
}

static bool
is_host(struct span s)
{
	struct ip ip;

	if (ip_parse(bare_host(s), &ip) == 0)
		return true;
	for (size_t i = 0; i < s.n; i++)
		if (!ascii_isalnum(s.p[i]) && s.p[i] != '.' &&
		    s.p[i] != '-' && s.p[i] != '_')
			return false;
	return s.n < 256;
}

static const char *
check_number(enum variable v, struct span text)
{
	uint64_t n;

	if (num_parse_u64(text, &n) == -1)
		return "not a number";
	if (rows[v].type == PORT && (n == 0 || n > 65535))
		return "not a port from 1 to 65535";
	return NULL;
}

/* An empty value is none. */
static const char *
check(enum variable v, struct span text)
{
	for (size_t i = 0; i < text.n; i++)
		if ((unsigned char)text.p[i] < ' ' || text.p[i] == 0x7f)
			return "there is a control character in it";
	switch (rows[v].type) {
	case NUMBER:
	case PORT:
		return check_number(v, text);
	case HOST:
		return is_host(text) ? NULL : "not a name or address";
	case DIRECTORY:
		return text.n == 0 || text.p[0] == '/' ? NULL :
		    "not a path from the root";
	case NAME:
		return text.n <= SHORTSTR ? NULL : "longer than 255 octets";
	case TEXT:
		break;
	}
	return NULL;
}

/* Would smtpe and queuerun start with it? */
static void
check_control(const char *file, const struct dotenv_line *line,
    enum variable v)
{
	struct controls scratch = {0};
	struct buf err = {0};

	if (rows[v].control == NULL || line->value.n == 0)
		return;
	if (control_set(&scratch, span_of(rows[v].control), line->value,
		FROM_OPTION, &err) == -1)
		die_perm("%s:%zu: %s: %s", file, line->number, rows[v].name,
		    buf_cstr(&err));
	arena_free(&scratch.arena);
	buf_free(&err);
}

static void
take(const char *file, const struct dotenv_line *line)
{
	for (enum variable v = 0; v < VARIABLES; v++) {
		const char *why;

		if (!span_eq(line->name, span_of(rows[v].name)))
			continue;
		if ((why = check(v, line->value)) != NULL)
			die_perm("%s:%zu: %s: %s: \"%.*s\"", file,
			    line->number, rows[v].name, why,
			    v == AMQP_PASSWORD ? 3 : (int)line->value.n,
			    v == AMQP_PASSWORD ? "..." : line->value.p);
		check_control(file, line, v);
		value[v] = line->value;
		return;
	}
	fprintf(stderr, "%s:%zu: %.*s means nothing here, left out\n", file,
	    line->number, SPAN_ARG(line->name));
}

static void
read_file(const char *file)
{
	struct buf content = {0};
	struct dotenv_line line;
	struct span text;
	size_t number = 0;
	const char *why;
	int r;

	if (file_read_at(AT_FDCWD, file, FILE_LIMIT, &content) == -1)
		die_temp("%s: %s", file, strerror(errno));
	text = arena_dup(&arena, buf_span(&content));
	buf_free(&content);
	while ((r = dotenv_next(&text, &number, &arena, &line, &why)) == 1)
		take(file, &line);
	if (r == -1)
		die_perm("%s:%zu: %s", file, number, why);
}

static struct buf *
output(const char *name)
{
	outputs[noutputs].name = name;
	return &outputs[noutputs++].content;
}

/* Into a URI (RFC 3986 2.1) or a template: only what is surely plain stays. */
static void
put_encoded(struct buf *out, struct span s)
{
	for (size_t i = 0; i < s.n; i++) {
		unsigned char c = (unsigned char)s.p[i];

		if (ascii_isalnum((char)c) || c == '-' || c == '.' ||
		    c == '_' || c == '~')
			buf_putc(out, (char)c);
		else
			buf_printf(out, "%%%02X", c);
	}
}

static struct span
value_or(enum variable v, const char *def)
{
	return value[v].p != NULL && value[v].n > 0 ? value[v] : span_of(def);
}

static void
put_uri(struct buf *out)
{
	struct span host = bare_host(value_or(AMQP_HOST, "127.0.0.1"));
	bool v6 = span_chr(host, ':') < host.n;

	buf_puts(out, "amqp://");
	put_encoded(out, value_or(AMQP_USERNAME, "guest"));
	buf_putc(out, ':');
	put_encoded(out, value_or(AMQP_PASSWORD, "guest"));
	buf_printf(out, v6 ? "@[%.*s]:" : "@%.*s:", SPAN_ARG(host));
	buf_put(out, value_or(AMQP_PORT, "5672"));
	buf_putc(out, '/');
	put_encoded(out, value_or(AMQP_VHOST, "/"));
	buf_putc(out, '\n');
}

/* Percent signs mean something in exchange and key (agent-amqp(8)). */
static void
put_value(enum variable v)
{
	struct buf *out;

	if (value[v].p == NULL || value[v].n == 0)
		return;
	out = output(rows[v].control);
	for (size_t i = 0; i < value[v].n; i++) {
		if (value[v].p[i] == '%' && (v == AMQP_EXCHANGE ||
			v == AMQP_ROUTING_KEY))
			buf_putc(out, '%');
		buf_putc(out, value[v].p[i]);
	}
	buf_putc(out, '\n');
}

static void
compose(void)
{
	for (enum variable v = 0; v < VARIABLES; v++)
		if (rows[v].control != NULL)
			put_value(v);
	put_uri(output("amqp"));
	buf_puts(output("amqpformat"), "json\n");
	buf_puts(output("route"), "amqp:\n");
	/* Mail for this host goes there, too. */
	buf_puts(output("locals"), "# Nothing is delivered on this host.\n"
				   "nowhere.invalid\n");
	buf_puts(output("relayhosts"),
	    "# Mail for every domain is taken, from everybody, and all of it "
	    "goes to RabbitMQ.\n# Remove this and list domains in rcpthosts "
	    "to take it for these only.\n0.0.0.0/0\n::/0\n");
}

/* 1: there is another value; 0: none, or the same. */
static int
differs(int dir, const struct output *o)
{
	struct buf old = {0};
	int r = 0;

	if (file_read_at(dir, o->name, FILE_LIMIT, &old) == 0)
		r = !span_eq(buf_span(&old), buf_span(&o->content));
	else if (errno != ENOENT)
		die_temp("%s: %s", o->name, strerror(errno));
	buf_free(&old);
	return r;
}

/* A password inside is for the group that the directory belongs to. */
static void
write_one(int dir, const char *path, const struct output *o, gid_t group)
{
	bool secret = strcmp(o->name, "amqp") == 0;
	struct buf draft = {0};
	int fd;

	buf_printf(&draft, ".%s.new", o->name);
	unlinkat(dir, buf_cstr(&draft), 0);
	fd = openat(dir, buf_cstr(&draft),
	    O_WRONLY | O_CREAT | O_EXCL | O_NOFOLLOW | O_CLOEXEC,
	    secret ? 0640 : 0644);
	if (fd == -1 || file_write_all(fd, buf_span(&o->content)) == -1 ||
	    fsync(fd) == -1)
		die_temp("%s/%s: %s", path, o->name, strerror(errno));
	if (secret && fchown(fd, (uid_t)-1, group) == -1)
		fprintf(stderr, "%s/%s: its group is not the directory's: %s\n",
		    path, o->name, strerror(errno));
	close(fd);
	if (renameat(dir, buf_cstr(&draft), dir, o->name) == -1)
		die_temp("%s/%s: %s", path, o->name, strerror(errno));
	buf_free(&draft);
}

static void
write_all(const char *path, bool force)
{
	struct stat st;
	size_t others = 0;
	int dir;

	if (mkdir(path, 0755) == -1 && errno != EEXIST)
		die_temp("%s: %s", path, strerror(errno));
	dir = open(path, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	if (dir == -1 || fstat(dir, &st) == -1)
		die_temp("%s: %s", path, strerror(errno));
	for (size_t i = 0; i < noutputs && !force; i++) {
		if (!differs(dir, &outputs[i]))
			continue;
		others++;
		fprintf(stderr, "%s/%s is there and says something else\n",
		    path, outputs[i].name);
	}
	if (others > 0)
		die_perm("nothing was written; -f replaces what is there");
	for (size_t i = 0; i < noutputs; i++) {
		write_one(dir, path, &outputs[i], st.st_gid);
		printf("%s/%s\n", path, outputs[i].name);
	}
	if (fsync(dir) == -1)
		die_temp("%s: %s", path, strerror(errno));
	close(dir);
}

/* What smtpe has no setting for: a launcher listens. */
static void
say_launcher(const char *path)
{
	struct span address = bare_host(value_or(BIND_ADDRESS, "0.0.0.0"));
	struct span port = value_or(BIND_PORT, "25");
	bool v6 = span_chr(address, ':') < address.n;

	printf("\nA launcher listens: one of\n"
	       "  tcpserver -R -H %.*s %.*s smtpe -c %s\n"
	       "  ListenStream=%s%.*s%s:%.*s   in smtpe.socket\n"
	       "and queuerun -w -c %s publishes.\n",
	    SPAN_ARG(address), SPAN_ARG(port), path, v6 ? "[" : "",
	    SPAN_ARG(address), v6 ? "]" : "", SPAN_ARG(port), path);
}

int
main(int argc, char **argv)
{
	const char *path = "/etc/smtpe/control";
	bool force = false;
	int c;

	log_init("smtpe-import-env", "stderr", -1);
	while ((c = getopt(argc, argv, "fc:hV")) != -1) {
		if (c == 'f')
			force = true;
		else if (c == 'c')
			path = optarg;
		else if (c == 'V')
			exit(printf("smtpe-import-env %s\n", version_text) < 0);
		else
			usage(c == 'h' ? 0 : EXIT_PERM);
	}
	if (optind != argc - 1)
		usage(EXIT_PERM);
	read_file(argv[optind]);
	compose();
	write_all(path, force);
	say_launcher(path);
	arena_free(&arena);
	for (size_t i = 0; i < noutputs; i++)
		buf_free(&outputs[i].content);
	return 0;
}
