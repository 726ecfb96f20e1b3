/* checkpw_password: one password, or one response of CRAM-MD5 (RFC 2195),
 * against one entry. Strangers cost the same as users: their entry is looked
 * at all the same, and only then the answer is no. */
#include "checkpw.h"
#include "log.h"
#include <crypt.h>
#include <errno.h>

int
checkpw_trouble(struct buf *err)
{
	log_warn("trouble", "%s", buf_cstr(err));
	return CHECKPW_LATER;
}

/* crypt(3): the hash of the password with the entry's own setting is the
 * entry. */
static int
check_crypt(struct span entry, struct span password)
{
	static struct crypt_data data;
	char setting[CRYPT_OUTPUT_SIZE];
	const char *hash;
	bool same;

	if (entry.n >= sizeof setting)
		return CHECKPW_LATER;
	memcpy(setting, entry.p, entry.n);
	setting[entry.n] = '\0';
	errno = 0;
	hash = crypt_r(password.p, setting, &data);
	if (hash == NULL || hash[0] == '*') {
		/* A password that is longer than any is wrong. */
		if (errno == ERANGE)
			return CHECKPW_WRONG;
		log_warn("trouble", "crypt(3) does not know this kind of hash");
		return CHECKPW_LATER;
	}
	same = strlen(hash) == entry.n && digest_equal(hash, setting, entry.n);
	digest_wipe(&data, sizeof data);
	return same ? CHECKPW_RIGHT : CHECKPW_WRONG;
}

static int
check_cram_key(struct span entry, struct span password)
{
	struct digest_md5_key want, got;

	if (authusers_parse_cram(entry, &want) == -1)
		return CHECKPW_LATER;
	digest_md5_key(password, &got);
	return digest_equal(&want, &got, sizeof want) ? CHECKPW_RIGHT :
							CHECKPW_WRONG;
}

static int
check_entry(struct span entry, struct span password)
{
	struct scram_verifier v;

	if (authusers_use(entry) & AUTHUSERS_CRAM)
		return check_cram_key(entry, password);
	if (scram_parse(entry, &v) == NULL)
		return scram_is_password(password, &v) ? CHECKPW_RIGHT :
							 CHECKPW_WRONG;
	return check_crypt(entry, password);
}

/* RFC 2195 2: the digest in lower-case hexadecimal digits. */
static int
check_response(struct span entry, struct span challenge,
    struct span response)
{
	unsigned char digest[DIGEST_MD5];
	char text[2 * DIGEST_MD5];
	struct digest_md5_key key;

	if (authusers_parse_cram(entry, &key) == -1)
		return CHECKPW_LATER;
	digest_hmac_md5(&key, challenge, digest);
	for (size_t i = 0; i < sizeof digest; i++) {
		text[2 * i] = "0123456789abcdef"[digest[i] >> 4];
		text[2 * i + 1] = "0123456789abcdef"[digest[i] & 15];
	}
	return response.n == sizeof text &&
		digest_equal(text, response.p, sizeof text) ? CHECKPW_RIGHT :
							      CHECKPW_WRONG;
}

int
checkpw_password(struct authusers *u, const struct checkpw_login *l,
    bool cram)
{
	struct buf err = {0};
	struct span entry;
	int known = authusers_find(u, l->user,
	    cram ? AUTHUSERS_CRAM : AUTHUSERS_PASSWORD, &entry, &err);
	int status;

	if (known == -1)
		return checkpw_trouble(&err);
	if (entry.p == NULL)
		return CHECKPW_WRONG;
	status = cram ? check_response(entry, l->password, l->third) :
			check_entry(entry, l->password);
	/* What is wrong with the other's entry is no trouble of a stranger's. */
	return known == 1 ? status : CHECKPW_WRONG;
}
