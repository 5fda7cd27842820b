// The two macros of BSD's singly-linked tail queues that the port uses.
#define STAILQ_ENTRY(type) struct { struct type *stqe_next; }
#define STAILQ_NEXT(element, field) ((element)->field.stqe_next)
