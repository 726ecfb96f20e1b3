/* overrides: see overrides.h. */
#include "overrides.h"
#include "log.h"

/* "192.0.2.25:25", "[2001:db8::25]:25"; p NULL when nobody knows. */
static struct span
listener(struct session *s)
{
	const struct peer *p = &s->peer;
	bool v6 = p->local.family == AF_INET6;

	if (p->local.family == 0)
		return (struct span){NULL, 0};
	return arena_printf(&s->arena, "%s%.*s%s:%.*s", v6 ? "[" : "",
	    SPAN_ARG(p->local_ip_text), v6 ? "]" : "",
	    SPAN_ARG(p->local_port));
}

static struct reply
refuse(struct session *s, struct span field, struct span why)
{
	struct reply r = REPLY(421, "4.3.0", "Local trouble, try again later");
	struct log l;

	log_open_at(&l, LOG_ERR, "hook-error");
	log_str(&l, "hook", "params");
	log_span(&l, "id", s->facts.id_session);
	log_span(&l, "field", field);
	log_printf(&l, "text", "hook.params: %.*s", SPAN_ARG(why));
	log_send(&l);
	s->failed = r.drop = true;
	return r;
}

/* A number for a number, a list for a list: what else would come of it is
 * no setting that somebody meant. NULL, or what is wrong. */
static const char *
wrong_type(const struct hook_field *f)
{
	int id = control_find(f->name);
	const char *type = id == -1 ? "" : control_rows[id].type;
	bool list = strcmp(type, "LIST") == 0 || strcmp(type, "MAP") == 0;

	if (f->type == FIELD_BOOLEAN && strcmp(type, "BOOL") != 0 &&
	    id != CONTROL_authplain)
		return "is a boolean";
	if (f->type == FIELD_LIST && !list)
		return "is a list";
	return NULL;
}

/* The same setting under two names: whose value would it be? */
static bool
is_twice(const struct answer *a, size_t i)
{
	int id = control_find(a->fields[i].name);

	for (size_t k = 0; k < i; k++)
		if (id != -1 && control_find(a->fields[k].name) == id)
			return true;
	return false;
}

/* 0, or -1 and err. */
static int
set_field(struct session *s, const struct hook_field *f, struct buf *err)
{
	struct controls *c = &s->controls;
	const char *why = control_find(f->name) == -1 ? NULL : wrong_type(f);

	if (why != NULL) {
		buf_printf(err, "%.*s %s", SPAN_ARG(f->name), why);
		return -1;
	}
	return control_override(c, f->name, f->text, f->type == FIELD_LIST,
	    FROM_PARAMS, err);
}

struct reply
overrides_ask(struct session *s)
{
	struct hook_arg arg;
	struct buf err = {0};
	struct answer a;
	struct reply r = REPLY_NONE;

	if (!hook_defined(s->hooks, HOOK_params))
		return REPLY_NONE;
	arg = HOOK_STRING(listener(s));
	if (arg.s.p == NULL)
		arg = (struct hook_arg){0};
	a = session_ask(s, HOOK_params, &arg, 1);
	if (!a.go_on) {
		s->failed |= a.failed;
		return a.reply;
	}
	for (size_t i = 0; i < a.nfields && r.code == 0; i++) {
		struct span name = a.fields[i].name;

		if (is_twice(&a, i))
			buf_printf(&err, "%.*s is set twice", SPAN_ARG(name));
		if (err.n > 0 || set_field(s, &a.fields[i], &err) == -1)
			r = refuse(s, name, buf_span(&err));
	}
	buf_free(&err);
	session_settings_changed(s);
	return r;
}
