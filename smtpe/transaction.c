/* transaction: see transaction.h. */
#include "transaction.h"

void
transaction_start(struct transaction *tx)
{
	struct arena arena = tx->arena;

	buf_free(&tx->header);
	arena_reset(&arena);
	memset(tx, 0, sizeof *tx);
	tx->arena = arena;
	tx->edits.arena = &tx->arena;
	id_make(tx->id);
}

struct reply
transaction_keep(struct transaction *tx, struct reply r)
{
	if (r.code == 0 && r.text.n == 0)
		return r;
	r.text = arena_dup(&tx->arena, r.text);
	if (r.enhanced != NULL)
		r.enhanced = arena_cstr(&tx->arena, span_of(r.enhanced));
	return r;
}

void
transaction_add_recipient(struct transaction *tx, struct span address,
    struct span params)
{
	if (tx->nrcpts == tx->cap) {
		size_t cap = tx->cap ? tx->cap * 2 : 8;
		struct recipient *r =
		    arena_alloc(&tx->arena, cap * sizeof *r);
		struct span *a = arena_alloc(&tx->arena, cap * sizeof *a);

		if (tx->nrcpts) {
			memcpy(r, tx->rcpts, tx->nrcpts * sizeof *r);
			memcpy(a, tx->addresses, tx->nrcpts * sizeof *a);
		}
		tx->rcpts = r;
		tx->addresses = a;
		tx->cap = cap;
	}
	address = arena_dup(&tx->arena, address);
	tx->rcpts[tx->nrcpts].address = address;
	tx->rcpts[tx->nrcpts].params = arena_dup(&tx->arena, params);
	tx->rcpts[tx->nrcpts].number = tx->answered - 1;
	tx->addresses[tx->nrcpts++] = address;
}

void
transaction_discard(struct transaction *tx)
{
	if (tx->fate == FATE_QUEUE)
		tx->fate = FATE_DISCARD;
	tx->trusted = true;
}

void
transaction_quarantine(struct transaction *tx, struct span name,
    struct reply refusal)
{
	tx->trusted = true;
	if (tx->fate != FATE_QUEUE)
		return;
	tx->fate = FATE_QUARANTINE;
	tx->quarantine = arena_printf(&tx->arena, "quarantine/%.*s",
	    SPAN_ARG(name)).p;
	tx->refusal = transaction_keep(tx, refusal);
}
