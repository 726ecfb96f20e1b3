/* access_walk: see access_walk.h. */
#include "access_walk.h"
#include "num.h"

static void
cut(struct ip_net *net)
{
	unsigned left = net->bits;

	for (size_t i = 0; i < sizeof net->ip.a; i++) {
		if (left >= 8) {
			left -= 8;
			continue;
		}
		net->ip.a[i] &= (unsigned char)(0xff00 >> left);
		left = 0;
	}
}

static void
put_name(struct buf *key, struct span name)
{
	buf_putc(key, '=');
	buf_put(key, name);
}

static bool
has_length(const struct access_walk *w, unsigned bits)
{
	return w->lengths == NULL || w->lengths->has[bits];
}

/* On to the next form of the client; false behind the last. */
static bool
advance(struct access_walk *w, const struct access_client *c)
{
	unsigned all = c->ip.family == AF_INET6 ? 128 :
	    c->ip.family == AF_INET ? 32 : 0;

	switch (w->phase) {
	case WALK_START:
		w->phase = WALK_ADDRESS;
		w->bits = all;
		if (all > 0)
			return true;
		/* FALLTHROUGH */
	case WALK_ADDRESS:
		w->phase = WALK_NAME;
		if (c->name.n > 0)
			return true;
		/* FALLTHROUGH */
	case WALK_NAME:
		w->phase = WALK_NETS;
		/* FALLTHROUGH */
	case WALK_NETS:
		while (w->bits > 0)
			if (has_length(w, --w->bits))
				return true;
		w->phase = WALK_SUFFIXES;
		/* FALLTHROUGH */
	case WALK_SUFFIXES:
		w->dot = w->next +
		    span_chr(span_skip(c->name, w->next), '.');
		w->next = w->dot + 1;
		if (w->dot < c->name.n)
			return true;
		w->phase = WALK_NAMED;
		if (c->name.n > 0)
			return true;
		/* FALLTHROUGH */
	case WALK_NAMED:
		w->phase = WALK_EVERYBODY;
		return true;
	case WALK_EVERYBODY:
		w->phase = WALK_END;
		/* FALLTHROUGH */
	case WALK_END:
		break;
	}
	return false;
}

static void
put_client(const struct access_walk *w, const struct access_client *c,
    bool dots, struct buf *key)
{
	struct ip_net net = {c->ip, w->bits};

	switch (w->phase) {
	case WALK_ADDRESS:
	case WALK_NETS:
		cut(&net);
		access_key_put_net(key, &net, dots);
		break;
	case WALK_NAME:
		put_name(key, c->name);
		break;
	case WALK_SUFFIXES:
		put_name(key, span_skip(c->name, w->dot));
		break;
	case WALK_NAMED:
		buf_putc(key, '=');
		break;
	case WALK_START:
	case WALK_EVERYBODY:
	case WALK_END:
		break;
	}
}

/* Has the form at hand this variant? */
static bool
has_variant(const struct access_walk *w, const struct access_client *c,
    bool listener, bool dots)
{
	/* @LISTENER alone is no client's line. */
	if (listener && w->phase == WALK_EVERYBODY)
		return false;
	return !dots || (w->phase == WALK_NETS && c->ip.family == AF_INET &&
	    w->bits % 8 == 0 && w->bits > 0);
}

bool
access_walk_next(struct access_walk *w, const struct access_client *c,
    struct span listener, struct buf *key)
{
	do {
		while (w->phase != WALK_START && w->variant < 4) {
			bool dots = w->variant & 1, plain = w->variant & 2;

			w->variant++;
			if ((!plain && listener.n == 0) ||
			    !has_variant(w, c, !plain, dots))
				continue;
			buf_reset(key);
			put_client(w, c, dots, key);
			if (!plain)
				buf_put(key, listener);
			return true;
		}
		w->variant = 0;
	} while (advance(w, c));
	return false;
}

bool
access_walk_listener(const struct access_client *c, unsigned which,
    struct buf *key)
{
	static const struct ip none;
	bool ip = which < 2, port = which != 1;

	if (which > 2 || (ip && c->local.family == 0) ||
	    (port && c->local_port == 0))
		return false;
	buf_reset(key);
	access_key_put_listener(key, ip ? &c->local : &none, port ? c->local_port : 0);
	return true;
}

int
access_lengths_parse(struct span s, int family, struct access_lengths *out)
{
	struct span word, bits;
	uint64_t kind, n;

	*out = (struct access_lengths){0};
	while (span_word(&s, &word)) {
		bits = word;
		span_cut(&bits, '/', &word);
		if (num_parse_max(word, 6, &kind) == -1 ||
		    (kind != 4 && kind != 6) || bits.p == NULL ||
		    num_parse_max(bits, kind == 4 ? 32 : 128, &n) == -1)
			return -1;
		if ((kind == 4) == (family == AF_INET))
			out->has[n] = true;
	}
	return 0;
}

void
access_lengths_format(const struct access_lengths *v4,
    const struct access_lengths *v6, struct buf *out)
{
	for (unsigned i = 0; i <= 32; i++)
		if (v4->has[i])
			buf_printf(out, "%s4/%u", out->n > 0 ? " " : "", i);
	for (unsigned i = 0; i <= 128; i++)
		if (v6->has[i])
			buf_printf(out, "%s6/%u", out->n > 0 ? " " : "", i);
}
