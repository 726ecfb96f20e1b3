/* queue: names, the commit, finding, locking, marking, moving, sweeping. */
#include "tap.h"
#include "file.h"
#include "queue_in.h"
#include "queue_out.h"
#include <errno.h>
#include <fcntl.h>
#include <ftw.h>
#include <stdlib.h>
#include <sys/file.h>
#include <sys/stat.h>
#include <unistd.h>

static char dir[] = "/tmp/smtpe-unit-queue.XXXXXX";
static struct queue q;

static void
commit(char id[ID_SIZE], const char *place)
{
	static struct queue_in in;
	struct envelope_rcpt rcpts[] = {
	    {RCPT_OPEN, SPAN_LIT("a@x.test"), SPAN_LIT(""), 0},
	    {RCPT_OPEN, SPAN_LIT("b@x.test"), SPAN_LIT(""), 0},
	};
	struct envelope env = {.received_us = 1000000,
	    .sender = SPAN("s@x.test"), .rcpts = rcpts, .nrcpts = 2};

	id_make(in.id);
	is_int(queue_in_open(&in, &q), 0, "open");
	queue_in_write(&in, SPAN("Subject: x\r\n\r\n"));
	queue_in_write(&in, SPAN("Hello.\r\n"));
	is_int(queue_in_commit(&in, &env, place), 0, "commit");
	is_int(in.fd, -1, "closed");
	memcpy(id, in.id, ID_SIZE);
}

static size_t
count(const char *place)
{
	struct queue_names names = {0};
	size_t n;

	queue_scan_place(&q, place, &names);
	n = names.n;
	queue_names_free(&names);
	return n;
}

static void
test_names(void)
{
	static const char *const bad[] = {"", "1800000000,1",
	    "180000000,1,01k7s8r8p33dbvoqpl6m4nkg0v",
	    "1800000000,x,01k7s8r8p33dbvoqpl6m4nkg0v",
	    "1800000000,1,short", "1800000000,1,01k7s8r8p33dbvoqpl6m4nkg0v-0",
	    "1800000000,9999999,01k7s8r8p33dbvoqpl6m4nkg0v"};
	char name[QUEUE_NAME_MAX];
	unsigned attempts;
	struct span id;
	int64_t due;

	queue_due_name(1800000000, 12, "01k7s8r8p33dbvoqpl6m4nkg0v-123456",
	    name);
	is_str(name, "due/006b49d2/1800000000,12,"
		     "01k7s8r8p33dbvoqpl6m4nkg0v-123456", "a name of due/");
	ok(queue_due_parse(span_of(name + 13), &due, &attempts, &id),
	    "is read again");
	is_int(due, 1800000000, "its time");
	is_int(attempts, 12, "its attempts");
	is_span(id, SPAN("01k7s8r8p33dbvoqpl6m4nkg0v-123456"), "its id");
	queue_due_name(-5, 0, "01k7s8r8p33dbvoqpl6m4nkg0v", name);
	is_str(name, "due/00000000/0000000000,0,01k7s8r8p33dbvoqpl6m4nkg0v",
	    "before 1970");
	queue_due_name(99999999999, 0, "01k7s8r8p33dbvoqpl6m4nkg0v", name);
	ok(queue_due_parse(span_of(name + 13), &due, &attempts, &id),
	    "beyond ten digits");
	for (size_t i = 0; i < sizeof bad / sizeof *bad; i++)
		ok(!queue_due_parse(span_of(bad[i]), &due, &attempts, &id),
		    bad[i]);
	ok(queue_place_valid(SPAN("virus-1.x_y")), "a quarantine's name");
	ok(!queue_place_valid(SPAN("")) && !queue_place_valid(SPAN(".x")) &&
	    !queue_place_valid(SPAN("a/b")) && !queue_place_valid(SPAN("..")),
	    "what is none");
}

static void
test_abort(void)
{
	static struct queue_in in;

	id_make(in.id);
	is_int(queue_in_open(&in, &q), 0, "open");
	is_size(count("tmp"), 1, "a file in tmp");
	queue_in_write(&in, SPAN("x"));
	queue_in_abort(&in);
	is_size(count("tmp"), 0, "is gone");
	queue_in_abort(&in);
	ok(true, "twice is no harm");
}

/* A trailer that no reader would take is not committed: 250 would be said to
 * what is never read. */
static void
test_too_long(void)
{
	static struct queue_in in;
	size_t n = ENVELOPE_TRAILER_MAX;
	char *p = malloc(n);
	struct envelope_rcpt rcpt = {RCPT_OPEN, SPAN_LIT("a@x.test"),
	    SPAN_LIT(""), 0};
	struct envelope env = {.sender = SPAN("s@x.test"), .rcpts = &rcpt,
	    .nrcpts = 1, .helo = span_make(p, n)};

	memset(p, 'x', n);
	id_make(in.id);
	is_int(queue_in_open(&in, &q), 0, "open");
	errno = 0;
	is_int(queue_in_commit(&in, &env, "new"), -1, "a trailer too long");
	is_int(errno, EFBIG, "is EFBIG");
	is_size(count("tmp") + count("new"), 0, "and leaves nothing");
	free(p);
}

static void
test_life(void)
{
	struct queue_names names = {0};
	struct queue_out out = {0}, other = {0};
	char id[ID_SIZE], buf[QUEUE_NAME_MAX];
	struct buf history = {0};
	const char *why;
	struct stat st;

	commit(id, "new");
	is_size(count("tmp"), 0, "nothing in tmp");
	snprintf(buf, sizeof buf, "new/%s", id);
	is_int(fstatat(q.fd, buf, &st, 0), 0, "it is in new");
	is_int(st.st_mode & 07777, 0600, "mode 0600");
	is_int(queue_scan(&q, 100, 0, false, &names), 0, "scan");
	is_size(names.n, 1, "finds it");
	is_str(names.v[0].id, id, "its id");
	is_int(queue_out_open(&out, &q, &names.v[0], true, &why),
	    QUEUE_OPENED, "opens");
	is_int(out.size, 22, "octets of the message");
	is_size(out.env.nrcpts, 2, "recipients");
	is_int(queue_out_open(&other, &q, &names.v[0], true, &why),
	    QUEUE_BUSY, "once");
	is_int(queue_out_open(&other, &q, &names.v[0], false, &why),
	    QUEUE_OPENED, "but may be looked at");
	queue_out_close(&other);
	is_int(queue_out_open(&other, &q, &names.v[0], true, &why),
	    QUEUE_BUSY, "which does not unlock it");

	is_int(queue_out_mark(&out, 1, RCPT_DELIVERED), 0, "mark");
	is_int(queue_out_sync(&out), 0, "durable");
	queue_history(&q, id, SPAN("5 due 0000001000 1\n"));
	is_int(queue_out_due(&out, 1000, 1), 0, "to its next time");
	is_int(queue_out_mark(&out, 0, RCPT_FAILED), 0, "mark it there");
	queue_out_close(&out);
	is_int(queue_out_open(&other, &q, &names.v[0], true, &why),
	    QUEUE_GONE, "its old name is gone");
	queue_names_free(&names);

	is_int(queue_scan(&q, 999, 0, false, &names), 0, "a second before");
	is_size(names.n, 0, "it is not due");
	is_int(queue_scan(&q, 1000, 0, false, &names), 0, "at its time");
	is_size(names.n, 1, "it is");
	is_int(names.v[0].attempts, 1, "with one attempt");
	is_int(queue_out_open(&out, &q, &names.v[0], true, &why),
	    QUEUE_OPENED, "opens again");
	is_int(out.env.rcpts[0].state, RCPT_FAILED, "the marks are there");
	is_int(out.env.rcpts[1].state, RCPT_DELIVERED, "both");
	queue_names_free(&names);
	ok(queue_find(&q, id, &names) == 1, "found by its history");
	queue_names_free(&names);
	is_int(queue_history_read(&q, id, &history), 0, "a history");
	is_span(buf_span(&history), SPAN("5 due 0000001000 1\n"), "its line");
	snprintf(buf, sizeof buf, "log/%s/%s", id + ID_LEN - 2, id);
	is_int(unlinkat(q.fd, buf, 0), 0, "without a history");
	ok(queue_find(&q, id, &names) == 1, "found by a look through due");
	queue_names_free(&names);
	queue_history(&q, id, SPAN("x\n"));
	is_int(queue_out_remove(&out), 0, "removed");
	is_int(queue_sync_dir(&q, "due"), 0, "durably");
	queue_out_close(&out);
	buf_reset(&history);
	is_int(queue_history_read(&q, id, &history), -1, "its history, too");
	ok(queue_find(&q, id, &names) == 0, "and not found any more");
	queue_names_free(&names);
	buf_free(&history);
	queue_out_free(&out);
	queue_out_free(&other);
}

static void
test_horizon(void)
{
	struct queue_names names = {0};
	char id[ID_SIZE], from[QUEUE_NAME_MAX], to[QUEUE_NAME_MAX];

	commit(id, "new");
	snprintf(from, sizeof from, "new/%s", id);
	queue_due_name(100000, 2, id, to);
	is_int(queue_rename(&q, from, to), 0, "far ahead");
	queue_scan(&q, 1000, 200000, false, &names);
	is_size(names.n, 0, "within the horizon it waits");
	queue_scan(&q, 1000, 50000, false, &names);
	is_size(names.n, 1, "beyond it counts as due");
	names.n = 0;
	queue_scan(&q, 1000, 0, false, &names);
	is_size(names.n, 0, "without one it waits");
	queue_scan(&q, 1000, 0, true, &names);
	is_size(names.n, 1, "all is all");
	/* In the wrong bucket it is not one of ours. */
	names.n = 0;
	snprintf(from, sizeof from, "due/00000001/%s", to + 13);
	queue_rename(&q, to, from);
	queue_scan(&q, 1000, 0, true, &names);
	is_size(names.n, 0, "a name in the wrong bucket is left alone");
	is_int(unlinkat(q.fd, from, 0), 0, "and there");
	queue_names_free(&names);
}

static void
test_places(void)
{
	struct queue_names names = {0};
	struct queue_out out = {0};
	struct buf list = {0};
	char a[ID_SIZE], b[ID_SIZE];
	const char *ids[3], *why;
	bool found[3];

	commit(a, "quarantine/virus");
	commit(b, "new");
	ok(queue_find(&q, a, &names) == 1, "found in a quarantine");
	is_str(names.v[0].place, "quarantine/virus", "which one");
	queue_names_free(&names);
	is_int(queue_quarantines(&q, &list), 0, "list of quarantines");
	is_span(buf_span(&list), SPAN("virus\n"), "is one");
	ids[0] = b;
	ids[1] = "01k7s8r8p33dbvoqpl6m4nkg0v";
	ids[2] = a;
	queue_find_ids(&q, ids, 3, &names, found);
	ok(found[0] && !found[1] && found[2], "several at once");
	is_size(names.n, 2, "two of them");
	is_int(queue_out_open(&out, &q, &names.v[0], true, &why),
	    QUEUE_OPENED, "open");
	is_int(queue_out_move(&out, "dead"), 0, "to dead");
	queue_out_close(&out);
	is_size(count("dead"), 1, "is there");
	queue_names_free(&names);
	ok(queue_find(&q, "../../etc/passwd", &names) == 0, "no path is an id");
	queue_names_free(&names);
	queue_out_free(&out);
	buf_free(&list);
}

/* A group whose writer died after its commit is finished; while it lives it
 * is left alone. */
static void
test_group(void)
{
	struct queue_names names = {0};
	char id[ID_SIZE], group[QUEUE_NAME_MAX], from[QUEUE_NAME_MAX],
	    to[QUEUE_NAME_MAX];
	int fd;

	commit(id, "hold");
	snprintf(group, sizeof group, "new/%s", id);
	is_int(mkdirat(q.fd, group, 0700), 0, "a group");
	snprintf(from, sizeof from, "hold/%s", id);
	snprintf(to, sizeof to, "new/%s/%s-1", id, id);
	is_int(renameat(q.fd, from, q.fd, to), 0, "with a member");
	fd = openat(q.fd, group, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	is_int(flock(fd, LOCK_EX), 0, "whose writer lives");
	queue_scan(&q, 1000, 0, false, &names);
	is_size(names.n, 0, "is not touched");
	close(fd);
	queue_scan(&q, 1000, 0, false, &names);
	is_size(names.n, 1, "and finished when it is dead");
	is_int(strncmp(names.v[0].id, id, ID_LEN), 0, "the member's id");
	is_size(strlen(names.v[0].id), ID_LEN + 2, "with its number");
	is_int(faccessat(q.fd, group, F_OK, 0), -1, "the directory is gone");
	queue_names_free(&names);
}

static void
test_sweep(void)
{
	char path[QUEUE_NAME_MAX];
	int fd;

	snprintf(path, sizeof path, "tmp/%s", "00000000000000000000000001");
	fd = queue_openat(&q, path, O_RDWR | O_CREAT | O_EXCL);
	ok(fd != -1, "a file in tmp");
	is_int(flock(fd, LOCK_EX), 0, "of a writer that lives");
	is_int(queue_sweep(&q), 0, "is left");
	close(fd);
	is_int(queue_sweep(&q), 1, "of a dead one is removed");
	is_int(queue_sweep(&q), 0, "once");
	fd = queue_openat(&q, path, O_RDWR | O_CREAT | O_EXCL);
	close(fd);
	snprintf(path, sizeof path, "%s/tmp/00000000000000000000000001", dir);
	is_int(linkat(AT_FDCWD, path, q.fd, "tmp/keep", 0), 0, "a link");
	is_int(queue_sweep(&q), 0, "with two links it is nobody's");
	unlinkat(q.fd, "tmp/keep", 0);
	is_int(queue_sweep(&q), 1, "with one it goes");
}

/* What somebody planted. */
static void
test_foreign(void)
{
	static const char *const names[] = {"00000000000000000000000011",
	    "00000000000000000000000012", "00000000000000000000000013",
	    "00000000000000000000000014", "00000000000000000000000015"};
	static const enum queue_open_result want[] = {QUEUE_FOREIGN,
	    QUEUE_FOREIGN, QUEUE_FOREIGN, QUEUE_DAMAGED, QUEUE_FOREIGN};
	struct queue_out out = {0};
	char path[QUEUE_NAME_MAX];
	const char *why;

	snprintf(path, sizeof path, "new/%s", names[0]);
	is_int(symlinkat("/etc/passwd", q.fd, path), 0, "plant a symlink");
	snprintf(path, sizeof path, "new/%s", names[1]);
	mkfifoat(q.fd, path, 0600);
	snprintf(path, sizeof path, "new/%s", names[2]);
	mkdirat(q.fd, path, 0700);
	snprintf(path, sizeof path, "new/%s", names[3]);
	close(queue_openat(&q, path, O_WRONLY | O_CREAT));
	snprintf(path, sizeof path, "new/%s", names[4]);
	close(queue_openat(&q, path, O_WRONLY | O_CREAT));
	is_int(fchmodat(q.fd, path, 0620, 0), 0, "let the group write");
	for (size_t i = 0; i < 5; i++) {
		struct queue_name name = {.place = "new"};

		memcpy(name.id, names[i], ID_LEN + 1);
		is_int(queue_out_open(&out, &q, &name, true, &why), want[i],
		    "symlink, fifo, directory, empty, writable");
		queue_out_close(&out);
		queue_name_path(&name, path);
		if (unlinkat(q.fd, path, 0) == -1)
			unlinkat(q.fd, path, AT_REMOVEDIR);
	}
	queue_out_free(&out);
}

static int
remove_it(const char *path, const struct stat *st, int type, struct FTW *ftw)
{
	(void)st;
	(void)type;
	(void)ftw;
	return remove(path);
}

int
main(void)
{
	if (mkdtemp(dir) == NULL || queue_open(&q, dir) == -1) {
		ok(false, "a directory for the queue");
		return done_testing();
	}
	test_names();
	test_abort();
	test_too_long();
	test_life();
	test_horizon();
	test_places();
	test_group();
	test_sweep();
	test_foreign();
	is_int(nftw(dir, remove_it, 20, FTW_DEPTH | FTW_PHYS), 0, "clean up");
	return done_testing();
}
