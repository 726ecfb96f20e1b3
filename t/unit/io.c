/* io: lines and their limit, when output goes out, and that no deadline is
 * outlived by a peer who always has something to say. */
#include "io.h"
#include "tap.h"
#include <errno.h>
#include <poll.h>
#include <sys/socket.h>
#include <unistd.h>

static int fds[2];
static struct io io;

static void
begin(const char *input)
{
	size_t n = strlen(input);

	if (socketpair(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0, fds) == -1 ||
	    write(fds[1], input, n) != (ssize_t)n)
		ok(false, "a socket");
	io_init(&io, fds[0], fds[0]);
}

static void
end(void)
{
	close(fds[0]);
	close(fds[1]);
}

static void
test_limit(void)
{
	struct span line;

	begin("1234\r\n12345\r\nx\r\n");
	is_int(io_read_line(&io, 5, &line), 1, "as long as it may be");
	is_span(line, SPAN("1234"), "... without its end");
	is_int(io_read_line(&io, 5, &line), -1, "an octet too long");
	is_int(errno, EMSGSIZE, "... says so");
	is_span(span_head(io_pending(&io), 5), SPAN("12345"),
	    "... and is there for a look");
	is_int(io_skip_line(&io), 1, "it is passed over");
	is_int(io_read_line(&io, 5, &line), 1, "the next one");
	is_span(line, SPAN("x"), "... is whole");
	end();
}

static void
test_ends(void)
{
	struct span line;

	begin("a\nb\r\n");
	is_int(io_read_line(&io, 9, &line), 1, "a bare LF");
	is_span(line, SPAN("a"), "... ends a line");
	end();
	begin("a\nb\r\n");
	io.crlf_only = true;
	is_int(io_read_line(&io, 9, &line), 1, "crlf_only");
	is_span(line, SPAN("a\nb"), "... it is part of one");
	end();
}

static bool
has_output(void)
{
	struct pollfd p = {fds[1], POLLIN, 0};

	return poll(&p, 1, 0) == 1;
}

/* RFC 2920: where there is more to do the answer waits for the others. */
static void
test_flush(void)
{
	struct span line;

	begin("a\r\nb\r\n");
	is_int(io_read_line(&io, 9, &line), 1, "a line");
	io_write(&io, SPAN("250 a\r\n"));
	is_int(io_read_line(&io, 9, &line), 1, "another that is there");
	ok(!has_output(), "nothing has gone out");
	io_write(&io, SPAN("250 b\r\n"));
	io.command_deadline = clock_deadline(1);
	is_int(io_read_line(&io, 9, &line), -1, "none is there");
	is_int(errno, ETIMEDOUT, "... in time");
	ok(has_output(), "both answers went out before the wait");
	end();
}

static void
test_deadlines(void)
{
	begin("x");
	io.session_deadline = clock_mono() - 1;
	is_int(io_fill(&io), -1, "the session's time is over");
	is_int(errno, ETIMEDOUT, "... whatever there is to be read");
	io.session_deadline = CLOCK_NEVER;
	io.command_deadline = clock_mono() - 1;
	is_int(io_fill(&io), -1, "so is the command's");
	io.command_deadline = CLOCK_NEVER;
	is_int(io_fill(&io), 1, "without one it is read");
	end();
}

int
main(void)
{
	alarm(20); /* a wait without an end is a failure, too */
	test_limit();
	test_ends();
	test_flush();
	test_deadlines();
	return done_testing();
}
