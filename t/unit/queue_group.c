/* queue_group: several entries by one rename, wherever they go, and what a
 * runner makes of a group whose writer is dead. */
#include "file.h"
#include "queue_group.h"
#include "queue_out.h"
#include "tap.h"
#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <ftw.h>
#include <stdlib.h>
#include <sys/file.h>
#include <sys/stat.h>
#include <unistd.h>

static char dir[] = "/tmp/smtpe-unit-group.XXXXXX";
static struct queue q;
static struct queue_in in;

static struct envelope_rcpt rcpts[3] = {
    {RCPT_OPEN, SPAN_LIT("a@x.test"), SPAN_LIT(""), 0},
    {RCPT_OPEN, SPAN_LIT("b@y.test"), SPAN_LIT(""), 0},
    {RCPT_OPEN, SPAN_LIT("c@z.test"), SPAN_LIT(""), 0},
};

/* A path that ends in id and suffix. */
static const char *
path_of(const char *before, const char *id, const char *suffix)
{
	static char path[QUEUE_NAME_MAX];

	snprintf(path, sizeof path, "%s%s%s", before, id, suffix);
	return path;
}

static bool
there(const char *before, const char *id, const char *suffix)
{
	return faccessat(q.fd, path_of(before, id, suffix), F_OK, 0) == 0;
}

static void
remove_in(const char *place, const char *id)
{
	char path[QUEUE_NAME_MAX];

	snprintf(path, sizeof path, "%s/%s", place, id);
	is_int(unlinkat(q.fd, path, 0), 0, "removed again");
}

static size_t
entries(const char *place)
{
	char path[QUEUE_NAME_MAX + sizeof dir];
	struct stat st;
	size_t n = 0;
	DIR *d;

	snprintf(path, sizeof path, "%s/%s", dir, place);
	if (stat(path, &st) == -1 || (d = opendir(path)) == NULL)
		return 0;
	for (struct dirent *e; (e = readdir(d)) != NULL;)
		n += e->d_name[0] != '.';
	closedir(d);
	return n;
}

/* The message of the entry in a place, as the reader sees it. */
static bool
holds(const char *place, const char *id, struct span message,
    const char *rcpt)
{
	struct queue_name name = {.place = place};
	struct queue_out out = {0};
	struct buf text = {0};
	const char *why;
	bool good;

	if (strcmp(place, "due") == 0) {
		name.due = 1800000000;
		name.attempts = 1;
	}
	snprintf(name.id, sizeof name.id, "%s", id);
	if (queue_out_open(&out, &q, &name, true, &why) != QUEUE_OPENED) {
		diag("%s: %s", out.path, why ? why : strerror(errno));
		return false;
	}
	good = out.size == message.n && out.env.nrcpts == 1 &&
	    span_eq(out.env.rcpts[0].address, span_of(rcpt)) &&
	    span_eq(out.env.id, span_of(id)) &&
	    file_pread_all(out.fd, buf_reserve(&text, message.n), message.n,
		0) == 0 && memcmp(text.p, message.p, message.n) == 0;
	queue_out_close(&out);
	queue_out_free(&out);
	buf_free(&text);
	return good;
}

static void
start(struct span message)
{
	id_make(in.id);
	is_int(queue_in_open(&in, &q), 0, "open");
	queue_in_write(&in, message);
}

static const struct span none = {NULL, 0};
static char ids[3][ID_SIZE];
static struct envelope envs[3];

/* Three members, the last with another message where there is one. */
static int
add_three(struct queue_group *g, const char *const *places, struct span other)
{
	for (size_t i = 0; i < 3; i++) {
		bool due = strcmp(places[i], "due") == 0;

		snprintf(ids[i], sizeof ids[i], "%.26s-%zu", in.id, i + 1);
		envs[i] = (struct envelope){.id = span_of(ids[i]),
		    .received_us = 1000000, .sender = SPAN("s@x.test"),
		    .rcpts = &rcpts[i], .nrcpts = 1};
		if (queue_group_add(g, &envs[i], places[i],
			due ? 1800000000 : 0, i == 2 ? other : none) == -1)
			return -1;
	}
	return 0;
}

static void
test_three(struct span message, const char *what)
{
	static const char *const places[] = {"quarantine/odd", "new", "due"};
	struct queue_group g;

	diag("%s", what);
	start(message);
	is_int(queue_group_open(&g, &in), 0, "a group");
	is_int(add_three(&g, places, none), 0, "of three");
	is_size(entries("new"), 0, "nothing of it is visible");
	is_int(queue_group_commit(&g), 0, "commit");
	is_int(in.fd, -1, "closed");
	is_size(entries("tmp"), 0, "nothing in tmp");
	is_size(entries("new"), 1, "one in new, no directory");
	ok(holds("quarantine/odd", ids[0], message, "a@x.test"),
	    "one in quarantine");
	ok(holds("new", ids[1], message, "b@y.test"), "one in new");
	ok(holds("due", ids[2], message, "c@z.test"), "one is due later");
	remove_in("new", ids[1]);
}

static void
test_other_data(void)
{
	static const char *const places[] = {"new", "new", "new"};
	struct queue_group g;

	start(SPAN("Subject: x\r\n\r\n"));
	is_int(queue_group_open(&g, &in), 0, "a group");
	is_int(add_three(&g, places, SPAN("other\r\n")), 0,
	    "one has other data");
	is_int(queue_group_commit(&g), 0, "commit");
	ok(holds("new", ids[0], SPAN("Subject: x\r\n\r\n"), "a@x.test") &&
	    holds("new", ids[1], SPAN("Subject: x\r\n\r\n"), "b@y.test"),
	    "two as received");
	ok(holds("new", ids[2], SPAN("other\r\n"), "c@z.test"),
	    "one with its own");
}

/* Nobody has the file that is there. */
static void
test_only_others(void)
{
	struct envelope env = {.received_us = 1, .sender = SPAN("s@x.test"),
	    .rcpts = rcpts, .nrcpts = 1};
	struct queue_group g;
	char id[ID_SIZE];

	start(SPAN("Subject: x\r\n\r\n"));
	snprintf(id, sizeof id, "%.26s-1", in.id);
	env.id = span_of(id);
	is_int(queue_group_open(&g, &in), 0, "a group");
	is_int(queue_group_add(&g, &env, "new", 0, SPAN("other\r\n")), 0,
	    "of one");
	is_int(queue_group_commit(&g), 0, "commit");
	ok(holds("new", id, SPAN("other\r\n"), "a@x.test"), "is there");
	is_size(entries("tmp"), 0, "the message as received is gone");
}

/* As with one entry: what no reader would take is not committed. */
static void
test_too_long(bool first)
{
	static const char *const places[] = {"new", "new", "new"};
	size_t n = ENVELOPE_TRAILER_MAX, before = entries("new");
	char *p = malloc(n);
	struct queue_group g;

	memset(p, 'x', n);
	start(SPAN("Subject: x\r\n\r\n"));
	is_int(queue_group_open(&g, &in), 0, "a group");
	errno = 0;
	if (first) {
		is_int(add_three(&g, places, none), 0, "of three");
		envs[0].helo = span_make(p, n);
		is_int(queue_group_commit(&g), -1, "the first is too long");
	} else {
		struct envelope env = {.id = SPAN("x"), .rcpts = rcpts,
		    .nrcpts = 1, .helo = span_make(p, n)};

		is_int(queue_group_add(&g, &env, "new", 0, SPAN("other\r\n")),
		    -1, "another one is too long");
		queue_group_abort(&g);
	}
	is_int(errno, EFBIG, "is EFBIG");
	is_size(entries("tmp"), 0, "... leaves nothing in tmp");
	is_size(entries("new"), before, "... and nothing in new");
	free(p);
}

static void
test_many(void)
{
	static char names[200][ID_SIZE];
	static struct envelope many[200];
	size_t before = entries("new");
	struct queue_group g;

	start(SPAN("Subject: x\r\n\r\n"));
	is_int(queue_group_open(&g, &in), 0, "a group");
	for (size_t i = 0; i < 200; i++) {
		snprintf(names[i], sizeof names[i], "%.26s-%zu", in.id, i + 1);
		many[i] = (struct envelope){.id = span_of(names[i]),
		    .received_us = 1000000, .sender = SPAN("s@x.test"),
		    .rcpts = rcpts, .nrcpts = 1};
		if (queue_group_add(&g, &many[i], "new", 0, none) == -1)
			ok(false, "add");
	}
	is_int(queue_group_commit(&g), 0, "commit of 200");
	is_size(entries("new"), before + 200, "all are there");
	ok(holds("new", names[199], SPAN("Subject: x\r\n\r\n"), "a@x.test"),
	    "the last one, too");
}

static void
test_failures(void)
{
	static const char *const places[] = {"new", "new", "new"};
	size_t before = entries("new");
	struct queue_group g;
	int fd;

	start(SPAN("Subject: x\r\n\r\n"));
	is_int(queue_group_open(&g, &in), 0, "a group");
	is_int(add_three(&g, places, none), 0, "of three");
	errno = ENOSPC;
	queue_group_abort(&g);
	is_int(errno, ENOSPC, "an abort keeps errno");
	is_size(entries("tmp"), 0, "... leaves nothing in tmp");
	is_size(entries("new"), before, "... and nothing in new");
	start(SPAN("Subject: x\r\n\r\n"));
	is_int(queue_group_open(&g, &in), 0, "a group");
	is_int(add_three(&g, places, none), 0, "of three");
	/* Its name in new/ is taken by something else. */
	fd = openat(q.fd, "new", O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	is_int(mkdirat(fd, in.id, 0700), 0, "a name is taken");
	ok(fchdir(fd) == 0 && mkdirat(fd, "x", 0700) == 0 &&
	    renameat(fd, "x", fd, in.id) == 0, "... by a directory");
	is_int(mkdirat(fd, "y", 0700), 0, "another");
	{
		char inner[ID_SIZE + 4];

		snprintf(inner, sizeof inner, "%s/y", in.id);
		is_int(renameat(fd, "y", fd, inner), 0, "... that is full");
		is_int(queue_group_commit(&g), -1, "no commit");
		is_int(errno, ENOTEMPTY, "... and why");
		unlinkat(fd, inner, AT_REMOVEDIR);
		unlinkat(fd, in.id, AT_REMOVEDIR);
	}
	close(fd);
	is_size(entries("tmp"), 0, "nothing in tmp");
	is_size(entries("new"), before, "nothing in new");
}

/* The writer died after the rename. */
static void
test_dead_writer(void)
{
	static const char *const good[][2] = {{"", "-1"},
	    {"quarantine=odd=", "-2"}, {"due=006b49d2=1800000000,1,", "-3"},
	    {"hold=", "-4"}};
	static const char *const bad[][2] = {{"x", ""}, {"new=", ""},
	    {"due=", ""}, {"quarantine=.x=", "-4"}, {"..=", "-4"},
	    {"quarantine=a=b=", "-4"}, {"due=00000000=1800000000,1,", "-4"},
	    {"=", "-4"}, {"hold=", "x"}, {"hold=", "=x"}, {"hold=x=", ""},
	    {"", "-0"}};
	struct queue_names names = {0};
	char id[ID_SIZE], path[QUEUE_NAME_MAX];
	int fd;

	id_make(id);
	snprintf(path, sizeof path, "new/%s", id);
	is_int(mkdirat(q.fd, path, 0700), 0, "a group");
	fd = openat(q.fd, path, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	for (size_t i = 0; i < 4; i++)
		close(openat(fd, path_of(good[i][0], id, good[i][1]),
		    O_CREAT | O_WRONLY | O_CLOEXEC, 0600));
	queue_scan(&q, 1000, 0, false, &names);
	queue_names_free(&names);
	ok(there("new/", id, "-1") && there("quarantine/odd/", id, "-2") &&
	    there("due/006b49d2/1800000000,1,", id, "-3") &&
	    there("hold/", id, "-4"), "each is where it belongs");
	ok(!there("new/", id, ""), "the directory is gone");
	for (size_t i = 0; i < sizeof bad / sizeof *bad; i++) {
		const char *name = path_of(bad[i][0], id, bad[i][1]);

		ok(!queue_member_path(name, path), name);
	}
	close(fd);
}

static int
remove_one(const char *path, const struct stat *st, int type, struct FTW *f)
{
	(void)st;
	(void)type;
	(void)f;
	return remove(path);
}

int
main(void)
{
	struct buf big = {0};

	if (mkdtemp(dir) == NULL || queue_open(&q, dir) == -1)
		return 1;
	for (size_t i = 0; i < 20000; i++)
		buf_printf(&big, "line %zu of a message\r\n", i);
	test_three(SPAN("Subject: x\r\n\r\nHello.\r\n"), "small");
	test_three(buf_span(&big), "big");
	test_three(span_of(""), "empty");
	test_other_data();
	test_only_others();
	test_too_long(true);
	test_too_long(false);
	test_many();
	test_failures();
	test_dead_writer();
	buf_free(&big);
	close(q.fd);
	if (chdir("/") == 0)
		nftw(dir, remove_one, 16, FTW_DEPTH | FTW_PHYS);
	return done_testing();
}
