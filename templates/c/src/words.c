#include "words.h"

#include <stdbool.h>
#include <stdlib.h>

// Bytes beyond ASCII belong to words: they are parts of letters, or of signs between which words end anyway.
static bool is_letter(unsigned char c) {
  return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') || c == '\'' || c >= 0x80;
}

static char lower(char c) { return c >= 'A' && c <= 'Z' ? (char)(c + ('a' - 'A')) : c; }

static bool is_same(const struct word *word, const char *start, size_t length) {
  if (word->length != length) return false;
  for (size_t i = 0; i < length; i++) {
    if (lower(word->start[i]) != lower(start[i])) return false;
  }
  return true;
}

static void add(struct words *words, size_t *room, const char *start, size_t length) {
  words->total++;
  for (size_t i = 0; i < words->different; i++) {
    if (is_same(&words->all[i], start, length)) {
      words->all[i].count++;
      return;
    }
  }
  if (words->different == *room) {
    *room = *room == 0 ? 64 : *room * 2;
    words->all = realloc(words->all, *room * sizeof *words->all);
    // Without memory there is no answer: the host hears of a trap.
    if (words->all == NULL) abort();
  }
  words->all[words->different++] = (struct word){start, length, 1};
}

struct words words_of(const char *text, size_t length) {
  struct words words = {NULL, 0, 0};
  size_t room = 0;
  for (size_t at = 0; at < length;) {
    size_t end = at;
    while (end < length && is_letter((unsigned char)text[end])) end++;
    if (end > at) add(&words, &room, text + at, end - at);
    at = end + 1;
  }
  return words;
}

void words_free(struct words *words) { free(words->all); }
