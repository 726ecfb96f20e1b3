/* message: see message.h. Its octets are message_data.c's. */
#include "message.h"
#include "address.h"

void
message_init(struct message *m, struct arena *a)
{
	*m = (struct message){.arena = a, .fd = -1, .copy_fd = -1};
	m->file = m->sender = span_make(NULL, 0);
	m->own.arena = a;
	m->edits = &m->own;
}

static void
copy_edits(struct message *m, const struct envelope_edit *v, size_t n)
{
	m->own.n = m->own.cap = n;
	m->own.v = NULL;
	if (n == 0)
		return;
	m->own.v = arena_alloc(m->arena, n * sizeof *v);
	memcpy(m->own.v, v, n * sizeof *v);
}

static void
copy_meta(struct message *m, const struct envelope_meta *v, size_t n)
{
	m->nmeta = m->capmeta = n;
	m->meta = NULL;
	if (n == 0)
		return;
	m->meta = arena_alloc(m->arena, n * sizeof *v);
	memcpy(m->meta, v, n * sizeof *v);
}

void
message_start(struct message *m, struct arena *a, const struct envelope *env)
{
	message_init(m, a);
	m->id = env->id;
	m->received_us = env->received_us;
	m->sender = env->sender;
	copy_edits(m, env->edits, env->nedits);
	copy_meta(m, env->meta, env->nmeta);
	m->caprcpts = env->nrcpts;
	m->rcpts = arena_alloc(a, env->nrcpts * sizeof *m->rcpts);
	for (size_t i = 0; i < env->nrcpts; i++)
		m->rcpts[m->nrcpts++] = (struct message_rcpt){
		    env->rcpts[i].state, env->rcpts[i].address,
		    env->rcpts[i].params, false, false};
}

void
message_copy(struct message *to, const struct message *m, struct arena *a)
{
	*to = *m;
	to->arena = a;
	to->own = (struct edits){.arena = a};
	to->edits = &to->own;
	copy_edits(to, m->edits->v, m->edits->n);
	to->own.changes = m->edits->changes;
	copy_meta(to, m->meta, m->nmeta);
	to->caprcpts = m->nrcpts;
	to->rcpts = arena_alloc(a, m->nrcpts * sizeof *m->rcpts);
	if (m->nrcpts > 0)
		memcpy(to->rcpts, m->rcpts, m->nrcpts * sizeof *m->rcpts);
	/* Borrowed: a set_data of its own starts anew. */
	to->data.cap = 0;
	to->head = (struct buf){0};
	to->head_read = false;
	to->copy_fd = -1;
	to->copy_path = (struct buf){0};
	to->copied = false;
	to->mime = NULL;
	to->whole = (struct buf){0};
}

void
message_envelope(struct message *m, struct envelope *env)
{
	env->sender = m->sender;
	env->edits = m->edits->v;
	env->nedits = m->edits->n;
	env->meta = m->meta;
	env->nmeta = m->nmeta;
	env->nrcpts = m->nrcpts;
	env->rcpts = arena_zalloc(m->arena, m->nrcpts * sizeof *env->rcpts);
	for (size_t i = 0; i < m->nrcpts; i++) {
		env->rcpts[i].state = m->rcpts[i].state;
		env->rcpts[i].address = m->rcpts[i].address;
		env->rcpts[i].params = m->rcpts[i].params;
	}
}

bool
message_changed(const struct message *m, unsigned long edits)
{
	return m->changed != 0 || m->edits->changes != edits;
}

size_t
message_open(const struct message *m)
{
	size_t n = 0;

	for (size_t i = 0; i < m->nrcpts; i++)
		n += m->rcpts[i].state == RCPT_OPEN;
	return n;
}

/* --- envelope --- */

/* In the one form that addresses have here, in m's arena. */
static const char *
parse(struct message *m, struct span address, struct span *text)
{
	struct address a;
	const char *why;

	if (address.n > ADDRESS_MAX)
		return "too long";
	/* RFC 5321 4.5.1 */
	if (span_ieq(address, SPAN("postmaster"))) {
		*text = arena_dup(m->arena, address);
		return NULL;
	}
	why = address_parse(address, m->arena, &a);
	if (why == NULL)
		*text = arena_dup(m->arena, a.text);
	return why;
}

const char *
message_set_sender(struct message *m, struct span address)
{
	struct span text = SPAN("");
	const char *why = address.n > 0 ? parse(m, address, &text) : NULL;

	if (why != NULL)
		return why;
	m->sender = text;
	m->changed |= MESSAGE_SENDER;
	return NULL;
}

/* Room for one more in an array that the arena keeps. */
static void *
grow(struct arena *a, void *v, size_t n, size_t *cap, size_t size)
{
	void *more;

	if (n < *cap)
		return v;
	*cap = *cap > 0 ? *cap * 2 : 8;
	more = arena_alloc(a, *cap * size);
	if (n > 0)
		memcpy(more, v, n * size);
	return more;
}

static void
put_rcpt(struct message *m, const struct message_rcpt *r)
{
	m->rcpts = grow(m->arena, m->rcpts, m->nrcpts, &m->caprcpts,
	    sizeof *m->rcpts);
	m->rcpts[m->nrcpts++] = *r;
}

void
message_put_rcpt(struct message *m, struct span address, struct span params)
{
	put_rcpt(m, &(struct message_rcpt){RCPT_OPEN, address, params, false,
	    false});
}

void
message_deal(struct message *m, const struct message_rcpt *r)
{
	put_rcpt(m, r);
}

const char *
message_add_rcpt(struct message *m, struct span address, bool relay)
{
	struct message_rcpt r = {.state = RCPT_OPEN, .params = SPAN(""),
	    .fresh = true, .relay = relay};
	const char *why = parse(m, address, &r.address);

	if (why == NULL && m->nrcpts >= MESSAGE_RCPTS_MAX)
		why = "too many recipients";
	if (why != NULL)
		return why;
	put_rcpt(m, &r);
	m->changed |= MESSAGE_RCPTS;
	return NULL;
}

size_t
message_remove_rcpt(struct message *m, struct span address)
{
	size_t n = 0, had = m->nrcpts;
	struct span text;

	/* What is no address is nobody's. */
	if (parse(m, address, &text) != NULL)
		return 0;
	for (size_t i = 0; i < had; i++)
		if (m->rcpts[i].state != RCPT_OPEN ||
		    !span_eq(m->rcpts[i].address, text))
			m->rcpts[n++] = m->rcpts[i];
	m->nrcpts = n;
	if (n < had)
		m->changed |= MESSAGE_RCPTS;
	return had - n;
}

static const struct message_rcpt *
find_open(const struct message *m, struct span address)
{
	for (size_t i = 0; i < m->nrcpts; i++)
		if (m->rcpts[i].state == RCPT_OPEN &&
		    span_eq(m->rcpts[i].address, address))
			return &m->rcpts[i];
	return NULL;
}

const char *
message_list_put(struct message *m, struct message_list *l,
    struct span address, bool relay)
{
	struct message_rcpt r = {.state = RCPT_OPEN, .params = SPAN(""),
	    .fresh = true};
	const struct message_rcpt *old = NULL;
	const char *why = parse(m, address, &r.address);

	if (why == NULL && l->n >= MESSAGE_RCPTS_MAX)
		why = "too many recipients";
	if (why != NULL)
		return why;
	/* Lists are mostly the old one with little changed. */
	if (l->n < m->nrcpts && m->rcpts[l->n].state == RCPT_OPEN &&
	    span_eq(m->rcpts[l->n].address, r.address))
		old = &m->rcpts[l->n];
	else
		old = find_open(m, r.address);
	if (old != NULL)
		r = *old;
	r.relay = r.relay || relay;
	l->v = grow(m->arena, l->v, l->n, &l->cap, sizeof *l->v);
	l->v[l->n++] = r;
	return NULL;
}

void
message_list_end(struct message *m, const struct message_list *l)
{
	size_t n = 0;

	/* What is done stays done. */
	for (size_t i = 0; i < m->nrcpts; i++)
		if (m->rcpts[i].state != RCPT_OPEN)
			m->rcpts[n++] = m->rcpts[i];
	m->nrcpts = n;
	for (size_t i = 0; i < l->n; i++)
		put_rcpt(m, &l->v[i]);
	m->changed |= MESSAGE_RCPTS;
}

/* --- metadata --- */

static struct envelope_meta *
find_meta(const struct message *m, struct span key)
{
	for (size_t i = 0; i < m->nmeta; i++)
		if (span_eq(m->meta[i].key, key))
			return &m->meta[i];
	return NULL;
}

const struct envelope_meta *
message_meta(const struct message *m, struct span key)
{
	return find_meta(m, key);
}

const char *
message_set_meta(struct message *m, struct span key, enum meta_type type,
    struct span value)
{
	struct envelope_meta *old = find_meta(m, key);
	struct envelope_meta meta = {.type = type};

	if (key.n == 0 || key.n > MESSAGE_KEY_MAX)
		return "a key has 1 to 128 octets";
	if (value.p != NULL && value.n > MESSAGE_META_MAX)
		return "the value is too long";
	if (old == NULL && value.p == NULL)
		return NULL;
	if (old == NULL && m->nmeta >= MESSAGE_METAS_MAX)
		return "too many keys";
	m->changed |= MESSAGE_META;
	if (value.p == NULL) {
		size_t i = (size_t)(old - m->meta);

		m->nmeta--;
		memmove(old, old + 1, (m->nmeta - i) * sizeof *old);
		return NULL;
	}
	meta.key = old != NULL ? old->key : arena_dup(m->arena, key);
	meta.value = arena_dup(m->arena, value);
	if (old == NULL) {
		m->meta = grow(m->arena, m->meta, m->nmeta, &m->capmeta,
		    sizeof *m->meta);
		old = &m->meta[m->nmeta++];
	}
	*old = meta;
	return NULL;
}
