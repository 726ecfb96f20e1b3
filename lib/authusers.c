/* authusers: see authusers.h. */
#include "authusers.h"
#include "file.h"
#include <errno.h>
#include <fcntl.h>
#include <sys/stat.h>

#define WORDS_MAX 2048 /* octets of one user's entries */

bool
authusers_name_valid(struct span user)
{
	if (user.n == 0 || user.n > AUTHUSERS_NAME || user.p[0] == '#' ||
	    !span_eq(span_trim(user), user))
		return false;
	for (size_t i = 0; i < user.n; i++)
		if ((unsigned char)user.p[i] < ' ' || user.p[i] == ':' ||
		    user.p[i] == 0x7f)
			return false;
	return true;
}

static bool
starts(struct span s, struct span prefix)
{
	return span_eq(span_head(s, prefix.n), prefix);
}

/* crypt(5): the oldest kind has no "$id$". */
static bool
is_des(struct span word)
{
	for (size_t i = 0; i < word.n; i++)
		if (!ascii_isalnum(word.p[i]) && word.p[i] != '.' &&
		    word.p[i] != '/')
			return false;
	return word.n == 13;
}

unsigned
authusers_use(struct span word)
{
	struct digest_md5_key key;
	struct scram_verifier v;

	if (word.n == 0 || word.p[0] == '!' || word.p[0] == '*')
		return 0;
	if (starts(word, SPAN(SCRAM_PREFIX)))
		return scram_parse(word, &v) == NULL ?
		    AUTHUSERS_PASSWORD | AUTHUSERS_SCRAM : 0;
	if (starts(word, SPAN(CRAM_PREFIX)))
		return authusers_parse_cram(word, &key) == 0 ?
		    AUTHUSERS_PASSWORD | AUTHUSERS_CRAM : 0;
	return word.p[0] == '$' || is_des(word) ? AUTHUSERS_PASSWORD : 0;
}

int
authusers_parse_cram(struct span word, struct digest_md5_key *key)
{
	struct span prefix = SPAN(CRAM_PREFIX);
	unsigned char octets[sizeof *key];

	if (!starts(word, prefix) || word.n != prefix.n + 2 * sizeof octets)
		return -1;
	for (size_t i = 0; i < sizeof octets; i++) {
		int high = ascii_hex(word.p[prefix.n + 2 * i]);
		int low = ascii_hex(word.p[prefix.n + 2 * i + 1]);

		if (high == -1 || low == -1)
			return -1;
		octets[i] = (unsigned char)(high << 4 | low);
	}
	memcpy(key->outer, octets, sizeof key->outer);
	memcpy(key->inner, octets + sizeof key->outer, sizeof key->inner);
	return 0;
}

static void
put_hex(const unsigned char *p, size_t n, struct buf *out)
{
	for (size_t i = 0; i < n; i++) {
		buf_putc(out, "0123456789abcdef"[p[i] >> 4]);
		buf_putc(out, "0123456789abcdef"[p[i] & 15]);
	}
}

void
authusers_put_cram(const struct digest_md5_key *key, struct buf *out)
{
	buf_puts(out, CRAM_PREFIX);
	put_hex(key->outer, sizeof key->outer, out);
	put_hex(key->inner, sizeof key->inner, out);
}

/* The first word that is good for use; p NULL when there is none. */
static struct span
pick(struct span value, unsigned use)
{
	struct span word;

	while (span_word(&value, &word))
		if (authusers_use(word) & use)
			return word;
	return span_make(NULL, 0);
}

/* The next line that is one; *line counts. value p NULL: it has no ':'. */
static bool
next_line(struct span *rest, struct span *user, struct span *value,
    size_t *line)
{
	while (rest->p != NULL && span_cut(rest, '\n', value)) {
		++*line;
		*value = span_trim(*value);
		if (value->n == 0 || value->p[0] == '#')
			continue;
		span_cut(value, ':', user);
		return true;
	}
	return false;
}

bool
authusers_next(struct span *rest, struct span *user, struct span *value)
{
	size_t line = 0;

	return next_line(rest, user, value, &line);
}

/* What a value is good for; *bad: a word in it is no entry. */
static unsigned
uses(struct span value, bool *bad)
{
	unsigned all = 0;
	struct span word;

	*bad = value.n > WORDS_MAX;
	while (!*bad && span_word(&value, &word)) {
		unsigned use = authusers_use(word);

		all |= use;
		*bad = use == 0 && word.p[0] != '!' && word.p[0] != '*';
	}
	return all;
}

/* A locked user's value says nothing about the others. */
static void
take_sample(struct authusers *u, struct span value, unsigned use)
{
	u->nobody = false;
	if (use == 0)
		return;
	u->every &= use;
	if (u->nsamples < AUTHUSERS_SAMPLES)
		u->samples[u->nsamples++] = value;
}

/* Every line is looked at, each time: a broken one is found before it locks
 * somebody out, and no name is found sooner than another. u NULL: only looked
 * at. */
static int
check_text(struct authusers *u, const char *path, struct span rest,
    struct buf *err)
{
	struct span user, value;
	size_t line = 0;

	while (next_line(&rest, &user, &value, &line)) {
		bool bad = true;
		unsigned use = 0;

		if (value.p != NULL && authusers_name_valid(user))
			use = uses(value, &bad);
		if (bad) {
			buf_printf(err, "%s:%zu: is not user:entry", path,
			    line);
			return -1;
		}
		if (u != NULL)
			take_sample(u, value, use);
	}
	return 0;
}

int
authusers_check(const char *path, struct span text, struct buf *err)
{
	return check_text(NULL, path, text, err);
}

static int
check_table(struct authusers *u, struct buf *err)
{
	struct span user, value;
	unsigned at = 0;
	int r = 0;

	for (size_t i = 0; i < AUTHUSERS_SAMPLES &&
	    (r = cdbmap_next(&u->cdb, &at, &user, &value)) == 1; i++) {
		bool bad;
		unsigned use = uses(value, &bad);

		take_sample(u, value, bad ? 0 : use);
	}
	if (r == -1)
		buf_printf(err, "%s: %s", u->cdb.path, strerror(errno));
	return r == -1 ? -1 : 0;
}

/* Who may write it may log in as anybody. 1, 0 when it is not there, -1. */
static int
check_mode(const char *path, struct buf *err)
{
	struct stat st;

	if (stat(path, &st) == -1 && errno == ENOENT)
		return 0;
	errno = 0;
	if (stat(path, &st) == 0 && (st.st_mode & S_IWOTH) == 0)
		return 1;
	buf_printf(err, "%s: %s", path,
	    errno != 0 ? strerror(errno) : "everybody may write it");
	return -1;
}

static int
open_table(struct authusers *u, struct buf *err)
{
	int there;

	u->cdb.path = arena_printf(&u->arena, "%s.cdb", u->path).p;
	there = check_mode(u->cdb.path, err);
	if (there != 1)
		return there;
	if (cdbmap_open(&u->cdb) == 1)
		return 1;
	buf_printf(err, "%s: %s", u->cdb.path, strerror(errno));
	return -1;
}

static int
read_text(struct authusers *u, struct buf *err)
{
	int there = check_mode(u->path, err);

	if (there != 1)
		return there;
	if (file_read_at(AT_FDCWD, u->path, AUTHUSERS_MAX, &u->text) == -1) {
		buf_printf(err, "%s: %s", u->path, errno == EFBIG ?
		    "is larger than 4 MiB: make a cdb of it" :
		    strerror(errno));
		return -1;
	}
	return 1;
}

int
authusers_open(struct authusers *u, const char *path, struct buf *err)
{
	int text, table;

	*u = (struct authusers){.path = path, .nobody = true, .every = ~0u};
	if ((text = read_text(u, err)) == -1 ||
	    (table = open_table(u, err)) == -1)
		return -1;
	if (text == 0 && table == 0) {
		buf_printf(err, "%s: %s", path, strerror(ENOENT));
		return -1;
	}
	if (check_text(u, path, buf_span(&u->text), err) == -1)
		return -1;
	return check_table(u, err);
}

/* The same for the same name as long as the entry is there: rendezvous
 * hashing, keyed with what nobody outside knows. */
static struct span
stranger(const struct authusers *u, struct span user, unsigned use)
{
	unsigned char best[DIGEST_SHA256] = {0}, mark[DIGEST_SHA256];
	struct span chosen = {NULL, 0};

	for (size_t i = 0; i < u->nsamples; i++) {
		struct span word = pick(u->samples[i], use);

		if (word.p == NULL)
			continue;
		digest_hmac_sha256(word, user, mark);
		if (chosen.p == NULL || memcmp(mark, best, sizeof best) > 0) {
			chosen = word;
			memcpy(best, mark, sizeof best);
		}
	}
	return chosen;
}

int
authusers_find(struct authusers *u, struct span user, unsigned use,
    struct span *entry, struct buf *err)
{
	struct span rest = buf_span(&u->text), name, value, found = {NULL, 0};
	struct span other = stranger(u, user, use), word;
	size_t line = 0;
	bool bad = false;
	int r;

	while (next_line(&rest, &name, &value, &line))
		if (span_eq(name, user) && found.p == NULL)
			found = value;
	r = cdbmap_look(&u->cdb, user, &value);
	if (r == 1)
		uses(value, &bad);
	if (r == -1 || bad) {
		buf_printf(err, "%s: %s", u->cdb.path, bad ?
		    "a user's value is no entry" : strerror(errno));
		return -1;
	}
	if (r == 1 && found.p == NULL)
		found = value;
	word = pick(found.p != NULL ? found : span_of(NULL), use);
	*entry = word.p != NULL ? word : other;
	return word.p != NULL;
}

void
authusers_disguise(struct span user, struct scram_verifier *v)
{
	unsigned char salt[2][DIGEST_SHA256];
	struct span key = span_make((const char *)v->stored,
	    sizeof v->stored);

	digest_hmac_sha256(key, user, salt[0]);
	digest_hmac_sha256(key,
	    span_make((const char *)salt[0], sizeof salt[0]), salt[1]);
	memcpy(v->salt, salt, v->nsalt);
}

void
authusers_close(struct authusers *u)
{
	cdbmap_close(&u->cdb);
	if (u->text.p != NULL)
		digest_wipe(u->text.p, u->text.n);
	buf_free(&u->text);
	arena_free(&u->arena);
}
