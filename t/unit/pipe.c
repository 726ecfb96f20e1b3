/* pipe_env, pipe_run: what is pure in them. */
#include "pipe_env.h"
#include "pipe_run.h"
#include "tap.h"

static const char passwd[] =
    "root:x:0:0:root:/root:/bin/bash\n"
    "short:x:1:1:no shell\n"
    "plain:x:7:7::/home/plain:\n"
    "homeless:x:8:8:::/bin/ksh\n"
    "odd:x:9x:9::/home/odd:/bin/sh\n"
    "last:x:10:10:a:/home/last:/bin/zsh";

static void
test_user(void)
{
	struct arena a = {0};
	struct pipe_user u;
	struct span text = span_of(passwd);

	ok(pipe_user_parse(text, 0, &a, &u) && strcmp(u.name, "root") == 0 &&
	    strcmp(u.home, "/root") == 0, "root");
	ok(!pipe_user_parse(text, 1, &a, &u), "a line that is too short");
	ok(pipe_user_parse(text, 7, &a, &u) &&
	    strcmp(u.shell, "/bin/sh") == 0, "no shell is /bin/sh");
	ok(pipe_user_parse(text, 8, &a, &u) && strcmp(u.home, "/") == 0,
	    "no home is /");
	ok(!pipe_user_parse(text, 9, &a, &u), "a number that is none");
	ok(pipe_user_parse(text, 10, &a, &u) &&
	    strcmp(u.shell, "/bin/zsh") == 0, "a last line without its end");
	ok(!pipe_user_parse(span_of(""), 0, &a, &u), "an empty file");
	arena_free(&a);
}

static void
test_verdict(void)
{
	ok(pipe_verdict(0) == PIPE_OK, "0");
	ok(pipe_verdict(99 << 8) == PIPE_OK, "99");
	ok(pipe_verdict(100 << 8) == PIPE_FAIL, "100");
	ok(pipe_verdict(67 << 8) == PIPE_LATER, "67 is none of qmail's");
	ok(pipe_verdict(111 << 8) == PIPE_LATER, "111");
	ok(pipe_verdict(9) == PIPE_LATER, "a signal");
}

int
main(void)
{
	test_user();
	test_verdict();
	return done_testing();
}
