/* Included into the engine's own source, before its last pass over a function's code.

   Each use of a `let`, a `const` or a class is checked: it must have been given its value before. For most uses that is
   certain beforehand, so this pass follows the code along all its jumps, keeps for each place which variables surely have
   their values there, and makes the plain use of such a checked one. The engine's last pass then finds its short forms
   (a counted loop is one instruction where it was four).

   It assumes the best of every label and takes back what some jump there does not grant, until nothing changes. */

typedef uint64_t GuestFacts;
#define GUEST_FACT_BITS 64
/* Larger functions keep their checks: the facts of all labels, in words, and the rounds. */
#define GUEST_MOST_FACTS (1 << 16)
#define GUEST_MOST_ROUNDS 10

typedef struct GuestChecks {
    JSFunctionDef *s;
    int words;
    /* Of the place that is looked at, of each label, and what holds nowhere after a position: a variable loses its value
       only where its scope begins again. */
    GuestFacts *here, *labels;
    int *last_loss;
    bool has_changed;
} GuestChecks;

static bool guest_is_checked_use(int op)
{
    return op == OP_get_loc_check || op == OP_put_loc_check || op == OP_get_var_ref_check || op == OP_put_var_ref_check;
}

/* Which variable an instruction is about: first the function's own, then those around it. -1: none that counts here. */
static int guest_variable_of(const JSFunctionDef *s, const uint8_t *code)
{
    switch (*code) {
    case OP_get_loc_check:
    case OP_put_loc_check:
    case OP_put_loc_check_init:
    case OP_put_loc:
    case OP_set_loc:
    case OP_set_loc_uninitialized:
        return get_u16(code + 1);
    case OP_get_var_ref_check:
    case OP_put_var_ref_check:
    case OP_put_var_ref_check_init:
    case OP_put_var_ref:
    case OP_set_var_ref:
        return s->var_count + get_u16(code + 1);
    default:
        return -1;
    }
}

static void guest_grant(GuestChecks *c, int label, const GuestFacts *facts)
{
    GuestFacts *at = c->labels + (size_t)label * c->words;

    for (int i = 0; i < c->words; i++) {
        if (at[i] & ~facts[i]) {
            at[i] &= facts[i];
            c->has_changed = true;
        }
    }
}

/* What is certain whatever happens between here and somewhere after it. */
static void guest_forget_lost(GuestChecks *c, int pos)
{
    for (int i = 0; i < c->s->var_count; i++)
        if (c->last_loss[i] > pos)
            c->here[i / GUEST_FACT_BITS] &= ~((GuestFacts)1 << i % GUEST_FACT_BITS);
}

/* Once through the code. False where there is an instruction that it does not know. */
static bool guest_follow(GuestChecks *c, bool rewrites)
{
    JSFunctionDef *s = c->s;
    size_t bytes = c->words * sizeof(GuestFacts);
    int next;

    memset(c->here, 0, bytes);
    for (int pos = 0; pos < (int)s->byte_code.size; pos = next) {
        uint8_t *code = s->byte_code.buf + pos;
        int op = *code, variable = guest_variable_of(s, code);

        next = pos + opcode_info[op].size;
        if (variable >= 0) {
            GuestFacts bit = (GuestFacts)1 << variable % GUEST_FACT_BITS, *word = c->here + variable / GUEST_FACT_BITS;

            if (rewrites && guest_is_checked_use(op) && *word & bit)
                *code = op == OP_get_loc_check ? OP_get_loc
                    : op == OP_put_loc_check ? OP_put_loc
                    : op == OP_get_var_ref_check ? OP_get_var_ref : OP_put_var_ref;
            *word = op == OP_set_loc_uninitialized ? *word & ~bit : *word | bit;
            continue;
        }
        switch (op) {
        case OP_label:
            guest_grant(c, get_u32(code + 1), c->here);
            memcpy(c->here, c->labels + (size_t)get_u32(code + 1) * c->words, bytes);
            break;
        case OP_if_true:
        case OP_if_false:
        case OP_goto:
            guest_grant(c, get_u32(code + 1), c->here);
            break;
        case OP_with_get_var:
        case OP_with_put_var:
        case OP_with_delete_var:
        case OP_with_make_ref:
        case OP_with_get_ref:
        case OP_with_get_ref_undef:
            guest_grant(c, get_u32(code + 5), c->here);
            break;
        case OP_gosub:
            guest_grant(c, get_u32(code + 1), c->here);
            guest_forget_lost(c, pos);
            break;
        case OP_catch: {
            GuestFacts *before = c->here + c->words;

            /* The jump comes from anywhere between here and the label. */
            memcpy(before, c->here, bytes);
            guest_forget_lost(c, pos);
            guest_grant(c, get_u32(code + 1), c->here);
            memcpy(c->here, before, bytes);
            break;
        }
        default:
            switch (opcode_info[op].fmt) {
            case OP_FMT_label:
            case OP_FMT_label8:
            case OP_FMT_label16:
            case OP_FMT_label_u16:
            case OP_FMT_atom_label_u8:
            case OP_FMT_atom_label_u16:
                return false;
            }
        }
        /* Nothing comes to the next instruction from here. */
        if (op == OP_goto || op == OP_ret || op == OP_throw || op == OP_throw_error || op == OP_return || op == OP_return_undef ||
            op == OP_return_async)
            memset(c->here, 0xff, bytes);
    }
    return true;
}

static void guest_drop_checks(JSContext *ctx, JSFunctionDef *s)
{
    GuestChecks c = { .s = s, .words = (s->var_count + s->closure_var_count + GUEST_FACT_BITS - 1) / GUEST_FACT_BITS };
    size_t facts = (size_t)c.words * (s->label_count + 2);
    bool has_checks = false;
    int rounds = 0;

    if (facts > GUEST_MOST_FACTS)
        return;
    for (int pos = 0; pos < (int)s->byte_code.size && !has_checks; pos += opcode_info[s->byte_code.buf[pos]].size)
        has_checks = guest_is_checked_use(s->byte_code.buf[pos]);
    if (!has_checks)
        return;
    c.here = js_malloc_rt(ctx->rt, facts * sizeof(GuestFacts) + s->var_count * sizeof(int));
    if (!c.here)
        return;
    c.labels = c.here + 2 * c.words;
    c.last_loss = (int *)(c.here + facts);
    memset(c.labels, 0xff, (size_t)c.words * s->label_count * sizeof(GuestFacts));
    for (int i = 0; i < s->var_count; i++)
        c.last_loss[i] = -1;
    for (int pos = 0; pos < (int)s->byte_code.size; pos += opcode_info[s->byte_code.buf[pos]].size)
        if (s->byte_code.buf[pos] == OP_set_loc_uninitialized)
            c.last_loss[get_u16(s->byte_code.buf + pos + 1)] = pos;
    do {
        c.has_changed = false;
        if (!guest_follow(&c, false))
            goto done;
    } while (c.has_changed && ++rounds < GUEST_MOST_ROUNDS);
    if (!c.has_changed)
        guest_follow(&c, true);
 done:
    js_free_rt(ctx->rt, c.here);
}
