/* checkpw_entry: see checkpw_entry.h. */
#include "checkpw_entry.h"
#include "authusers.h"
#include "file.h"
#include <crypt.h>
#include <errno.h>
#include <fcntl.h>
#include <termios.h>
#include <unistd.h>

#define BCRYPT_MAX 72 /* octets of a password that count */

static const char *
make_crypt(const char *prefix, struct span password, unsigned long cost,
    struct buf *out)
{
	static struct crypt_data data;
	char setting[CRYPT_GENSALT_OUTPUT_SIZE];
	const char *hash;

	if (crypt_gensalt_rn(prefix, cost, NULL, 0, setting,
	    sizeof setting) == NULL)
		return errno == EINVAL ? "this cost is not possible" :
					 "no random octets";
	hash = crypt_r(password.p, setting, &data);
	if (hash == NULL || hash[0] == '*')
		return "crypt(3) does not take this password";
	buf_puts(out, hash);
	digest_wipe(&data, sizeof data);
	return NULL;
}

static void
make_scram(struct span password, uint32_t iterations, struct buf *out)
{
	struct scram_verifier v = {.iterations = iterations, .nsalt = 16};

	digest_random(v.salt, v.nsalt);
	scram_make(password, &v);
	scram_format(&v, out);
}

static void
make_cram(struct span password, struct buf *out)
{
	struct digest_md5_key key;

	digest_md5_key(password, &key);
	authusers_put_cram(&key, out);
	digest_wipe(&key, sizeof key);
}

const char *
checkpw_entry_make(struct span method, struct span password,
    uint32_t iterations, unsigned long cost, struct buf *out)
{
	if (span_eq(method, SPAN("yescrypt")))
		return make_crypt("$y$", password, cost, out);
	if (span_eq(method, SPAN("sha512")))
		return make_crypt("$6$", password, cost, out);
	/* It would leave out the rest without a word. */
	if (span_eq(method, SPAN("bcrypt")) && password.n > BCRYPT_MAX)
		return "takes 72 octets of a password at most";
	if (span_eq(method, SPAN("bcrypt")))
		return make_crypt("$2b$", password, cost, out);
	if (span_eq(method, SPAN("scram-sha-256")))
		make_scram(password, iterations, out);
	else if (span_eq(method, SPAN("cram-md5")))
		make_cram(password, out);
	else
		return "is none of scram-sha-256, yescrypt, sha512, bcrypt, "
		       "cram-md5";
	return NULL;
}

/* A line, an octet at a time, so that nothing behind it is taken. */
static const char *
read_line(int fd, struct buf *line)
{
	char c;

	buf_reset(line);
	for (;;) {
		ssize_t n = read(fd, &c, 1);

		if (n == -1 && errno == EINTR)
			continue;
		if (n == -1 || (n == 0 && line->n == 0))
			return "no password";
		if (n == 0 || c == '\n')
			return NULL;
		/* The terminal's interrupt, which has no signal here. */
		if (c == 3)
			return "given up";
		if (line->n >= CHECKPW_PASSWORD_MAX)
			return "the password is too long";
		buf_putc(line, c);
	}
}

/* Without echo, and without signals in between, which would leave the
 * terminal like that. */
static const char *
prompt(int fd, const char *text, struct buf *line)
{
	struct termios was, now;
	const char *why;

	if (tcgetattr(fd, &was) == -1)
		return "the terminal cannot be used";
	now = was;
	now.c_lflag &= ~(tcflag_t)(ECHO | ISIG);
	if (tcsetattr(fd, TCSAFLUSH, &now) == -1)
		return "the terminal cannot be used";
	(void)file_write_all(fd, span_of(text));
	why = read_line(fd, line);
	(void)file_write_all(fd, SPAN("\n"));
	tcsetattr(fd, TCSAFLUSH, &was);
	return why;
}

static const char *
ask_twice(struct buf *password)
{
	int fd = open("/dev/tty", O_RDWR | O_CLOEXEC | O_NOCTTY);
	struct buf again = {0};
	const char *why;

	if (fd == -1)
		return "no terminal";
	why = prompt(fd, "Password: ", password);
	if (why == NULL)
		why = prompt(fd, "Once more: ", &again);
	if (why == NULL && !span_eq(buf_span(password), buf_span(&again)))
		why = "these were two passwords";
	close(fd);
	if (again.p != NULL)
		digest_wipe(again.p, again.n);
	buf_free(&again);
	return why;
}

const char *
checkpw_entry_ask(struct buf *password)
{
	const char *why = isatty(STDIN_FILENO) ?
	    ask_twice(password) : read_line(STDIN_FILENO, password);

	if (why != NULL)
		return why;
	if (password->n == 0)
		return "the password is empty";
	/* What SASLprep would change or refuse (RFC 4013). */
	return scram_is_text(buf_span(password)) ?
	    NULL : "the password holds a control character or bad UTF-8";
}
