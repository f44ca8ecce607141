/* close_from: a child that is to hold nothing of ours closes it. */
#ifndef PMP_CLOSE_FROM_H
#define PMP_CLOSE_FROM_H

/* Closes all descriptors from `first` on. */
void close_from(int first);

#endif
