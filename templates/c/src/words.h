// The words of a text. Knows nothing of WebAssembly.
#ifndef WORDS_H
#define WORDS_H

#include <stddef.h>
#include <stdint.h>

// A word, and how often it is there.
struct word {
  const char *start;
  size_t length;
  uint32_t count;
};

struct words {
  struct word *all;
  size_t different;
  uint32_t total;
};

// Counts the words of `length` bytes at `text`; the words point into it. To be given back to `words_free`.
struct words words_of(const char *text, size_t length);

void words_free(struct words *words);

#endif
