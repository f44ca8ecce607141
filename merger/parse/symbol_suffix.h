/* symbol_suffix: what compilers append to a function's name in the symbol of a copy or a part.
 * The names that they make:
 *
 *	f.part.0	a part of f, which f calls (GCC: ipa-split.c)
 *	f.cold.1	the same (LLVM: HotColdSplitting.cpp), or f.cold of GCC 8
 *	f.cold		a part that f jumps to (GCC 8 on: varasm.c)
 *	f.isra.0, f.constprop.0, f.lto_priv.0, f.llvm.123, f.localalias, f.localalias.0
 *			f with other parameters, or a local f (GCC: ipa-sra.c, ipa-cp.c,
 *			lto-partition.c, symtab.c; LLVM: FunctionImportUtils.cpp)
 *	crate::f::h0123456789abcdef
 *			f of one build (Rust: its symbol mangling "legacy")
 *
 * Several may follow each other: f.isra.0.cold. C++ demanglers print "f(int) [clone .part.0]". gdb
 * 13 takes C's symbols for Ada's and omits the number: f.part. */
#ifndef PMP_SYMBOL_SUFFIX_H
#define PMP_SYMBOL_SUFFIX_H

#include <stdbool.h>

#include "merger/base/span.h"

/* What the suffixes of a symbol tell. */
struct symbol_suffix {
	bool part; /* it is a part that the function calls: a caller of this name is the function */
	bool hash; /* one of them is Rust's hash */
};

/* Removes all suffixes from *name, which never gets empty. Alone, ".part", ".cold" and ".llvm"
 * without a number count only behind a name without dots, because D and Go have names like
 * app.work.cold. */
struct symbol_suffix symbol_suffix_cut(struct span *name);

/* Is the symbol a part, by text like " [clone .isra.0] [clone .part.0]"? */
bool symbol_suffix_is_part(struct span clones);

#endif
