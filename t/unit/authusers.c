/* authusers: the file's lines, whose entry is found, and what a stranger
 * gets. */
#include "authusers.h"
#include "tap.h"
#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>

#define V1                                                                    \
	"SCRAM-SHA-256$4096:W22ZaJ0SNY7soEsUEjb6gQ=="                         \
	"$WG5d8oPm3OtcPnkdi4Uo7BkeZkBFzpcXkuLmtbsT4qY="                       \
	":wfPLwcE6nTWhTAmQ7tl2KeoiWGPlZqQxSrmfPwDl2dU="
#define V2                                                                    \
	"SCRAM-SHA-256$5000:W22ZaJ0SNY7soEsUEjb6gQ=="                         \
	"$XG5d8oPm3OtcPnkdi4Uo7BkeZkBFzpcXkuLmtbsT4qY="                       \
	":wfPLwcE6nTWhTAmQ7tl2KeoiWGPlZqQxSrmfPwDl2dU="
#define KEYS                                                                  \
	"CRAM-MD5$00112233445566778899aabbccddeeff"                           \
	"ffeeddccbbaa99887766554433221100"

static struct authusers u;
static struct buf err;
static char dir[] = "/tmp/smtpe-authusers.XXXXXX";
static char path[64];

static int
open_with(const char *text)
{
	int fd = open(path, O_WRONLY | O_CREAT | O_TRUNC, 0600);
	int r;

	if (fd == -1 || write(fd, text, strlen(text)) != (ssize_t)strlen(text))
		abort();
	close(fd);
	authusers_close(&u);
	buf_reset(&err);
	r = authusers_open(&u, path, &err);
	(void)buf_cstr(&err);
	return r;
}

static struct span
find(const char *user, unsigned use, int want, const char *name)
{
	struct span entry = {NULL, 0};

	is_int(authusers_find(&u, span_of(user), use, &entry, &err), want,
	    name);
	return entry;
}

static void
finding(void)
{
	is_int(open_with("# users\n\njoe:" V1 "\nann:$6$x$y " V2 " " KEYS "\n"
	    "old:!$6$x$y\nnone:*\n  blank: $2b$05$z  \n"), 0, "a file");
	is_span(find("joe", AUTHUSERS_PASSWORD, 1, "by password"), SPAN(V1),
	    "its entry");
	is_span(find("joe", AUTHUSERS_SCRAM, 1, "by SCRAM"), SPAN(V1),
	    "the same");
	find("joe", AUTHUSERS_CRAM, 0, "not by CRAM-MD5");
	is_span(find("ann", AUTHUSERS_PASSWORD, 1, "first"),
	    SPAN("$6$x$y"), "the first entry");
	is_span(find("ann", AUTHUSERS_SCRAM, 1, "another"), SPAN(V2),
	    "the first that is good for it");
	is_span(find("ann", AUTHUSERS_CRAM, 1, "the third"), SPAN(KEYS),
	    "CRAM-MD5's");
	find("old", AUTHUSERS_PASSWORD, 0, "locked like passwd -l");
	find("none", AUTHUSERS_PASSWORD, 0, "locked by a star");
	find("JOE", AUTHUSERS_PASSWORD, 0, "case counts");
	find("", AUTHUSERS_PASSWORD, 0, "no name");
	find("joe:", AUTHUSERS_PASSWORD, 0, "a name with a colon");
	is_span(find("blank", AUTHUSERS_PASSWORD, 1, "blanks around it"),
	    SPAN("$2b$05$z"), "are not of it");
	is_int(u.every, AUTHUSERS_PASSWORD, "what all are good for");
}

/* The work is the entry's: method and iterations. */
static void
strangers(void)
{
	struct scram_verifier v, w;
	struct span one, again, other;
	unsigned seen = 0;
	char name[16];

	open_with("joe:" V1 "\nann:" V2 "\n");
	is_int(u.every, AUTHUSERS_PASSWORD | AUTHUSERS_SCRAM,
	    "each has a verifier");
	one = find("nobody", AUTHUSERS_SCRAM, 0, "a stranger");
	again = find("nobody", AUTHUSERS_SCRAM, 0, "once more");
	ok(one.p != NULL && one.p == again.p, "gets the same entry");
	for (int i = 0; i < 64; i++) {
		snprintf(name, sizeof name, "u%d", i);
		authusers_find(&u, span_of(name), AUTHUSERS_SCRAM, &other,
		    &err);
		seen |= span_eq(other, SPAN(V1)) ? 1u : 2u;
	}
	is_int(seen, 3, "strangers get each of the entries");
	scram_parse(SPAN(V1), &v);
	w = v;
	authusers_disguise(SPAN("nobody"), &w);
	ok(w.iterations == v.iterations && w.nsalt == v.nsalt &&
	    memcmp(w.salt, v.salt, v.nsalt) != 0, "a salt of its own");
	v = w;
	scram_parse(SPAN(V1), &w);
	authusers_disguise(SPAN("nobody"), &w);
	ok(memcmp(w.salt, v.salt, v.nsalt) == 0, "which does not change");
	authusers_disguise(SPAN("nobody2"), &w);
	ok(memcmp(w.salt, v.salt, v.nsalt) != 0, "another name, another salt");
	open_with("joe:" V1 "\nann:" V2 "\nbob:$6$a$b\n");
	other = find("nobody", AUTHUSERS_SCRAM, 0, "with more users");
	ok(span_eq(other, SPAN(V1)) || span_eq(other, SPAN(V2)),
	    "still one that is good for it");
	open_with("");
	other = find("nobody", AUTHUSERS_SCRAM, 0, "an empty file");
	ok(other.p == NULL && u.nobody, "has nothing to give");
}

/* Wrong passwords of a user and of a stranger cost the same rounds. */
static void
work(void)
{
	static const char *const who[] = {"joe", "nobody", "x", "ann"};
	struct scram_verifier v;
	struct span entry;
	uint64_t before, cost[4];

	open_with("joe:" V1 "\nann:" V1 "\nold:!" V1 "\n");
	for (size_t i = 0; i < 4; i++) {
		before = digest_work;
		authusers_find(&u, span_of(who[i]), AUTHUSERS_PASSWORD, &entry,
		    &err);
		scram_parse(entry, &v);
		ok(!scram_is_password(SPAN("wrong"), &v), who[i]);
		cost[i] = digest_work - before;
	}
	for (size_t i = 0; i < 4; i++)
		is_int(cost[i], 4096, "rounds");
}

static void
broken(void)
{
	static const char *const lines[] = {
	    "joe", "joe:x", "joe:" V1 "x", ":" V1, "joe:SCRAM-SHA-256$",
	    "joe:CRAM-MD5$00", "joe:SCRAM-SHA-1$4096:AA==$AA==:AA==",
	    "j\toe:$6$x", "joe:" V1 " x", "joe:{PLAIN}secret",
	    "joe :$6$x",
	};
	struct stat st;

	for (size_t i = 0; i < sizeof lines / sizeof *lines; i++) {
		struct buf text = {0};

		buf_printf(&text, "# one\nann:%s\n%s\n", V1, lines[i]);
		is_int(open_with(buf_cstr(&text)), -1, lines[i]);
		ok(strstr(err.p, ":3: is not user:entry") != NULL,
		    "the line is named");
		ok(strstr(err.p, "secret") == NULL &&
		    strstr(err.p, "4096") == NULL, "nothing of it is");
		buf_free(&text);
	}
	open_with("joe:" V1 "\n");
	chmod(path, 0606);
	authusers_close(&u);
	buf_reset(&err);
	is_int(authusers_open(&u, path, &err), -1, "who may write it is in");
	unlink(path);
	authusers_close(&u);
	buf_reset(&err);
	is_int(authusers_open(&u, path, &err), -1, "no file");
	ok(stat(path, &st) == -1, "none is made");
	mkdir(path, 0700);
	authusers_close(&u);
	buf_reset(&err);
	is_int(authusers_open(&u, path, &err), -1, "a directory");
	rmdir(path);
}

static bool
next(void *from, struct span *key, struct span *value)
{
	return authusers_next(from, key, value);
}

static void
table(void)
{
	struct span text = SPAN("joe:" V1 "\nbad:x\njoe:" V2 "\n"), entry;
	char cdb[80];
	int fd;

	snprintf(cdb, sizeof cdb, "%s.cdb", path);
	fd = open(cdb, O_RDWR | O_CREAT | O_TRUNC, 0600);
	is_int(cdbmap_make(fd, next, &text), 0, "a table is made");
	close(fd);
	authusers_close(&u);
	is_int(authusers_open(&u, path, &err), 0, "and opened, alone");
	is_span(find("joe", AUTHUSERS_SCRAM, 1, "a user in it"), SPAN(V1),
	    "the first line counts");
	is_span(find("nobody", AUTHUSERS_SCRAM, 0, "a stranger"), SPAN(V1),
	    "gets its entry");
	buf_reset(&err);
	is_int(authusers_find(&u, SPAN("bad"), AUTHUSERS_SCRAM, &entry, &err),
	    -1, "a value that is none is trouble");
	open_with("joe:" V2 "\n");
	is_span(find("joe", AUTHUSERS_SCRAM, 1, "in both"), SPAN(V2),
	    "the text goes first");
	unlink(cdb);
}

int
main(void)
{
	if (mkdtemp(dir) == NULL)
		return 1;
	snprintf(path, sizeof path, "%s/authusers", dir);
	finding();
	strangers();
	work();
	broken();
	table();
	ok(authusers_name_valid(SPAN("a b@c")) &&
	    !authusers_name_valid(SPAN(" a")) &&
	    !authusers_name_valid(SPAN("#a")) &&
	    !authusers_name_valid(SPAN("")), "names");
	authusers_close(&u);
	unlink(path);
	rmdir(dir);
	return done_testing();
}
