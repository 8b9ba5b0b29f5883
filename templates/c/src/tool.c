// The tool as an agent sees it: one short function for each function in `wit/world.wit`, which says what they promise.
//
// `tools.h` is made from the WIT text by the build and lies below `target`. What is passed in belongs to us, what is passed out to the caller.
#include "tools.h"
#include "words.h"

void exports_tools_count(tools_string_t *text, tools_figures_t *ret) {
  struct words words = words_of((const char *)text->ptr, text->len);
  ret->words = words.total;
  ret->different = (uint32_t)words.different;
  words_free(&words);
  tools_string_free(text);
}

// True for a result, false for an error.
bool exports_tools_favourite(tools_string_t *text, tools_string_t *ret, tools_string_t *err) {
  struct words words = words_of((const char *)text->ptr, text->len);
  const struct word *best = NULL;
  for (size_t i = 0; i < words.different; i++) {
    if (best == NULL || words.all[i].count > best->count) best = &words.all[i];
  }
  if (best != NULL) {
    tools_string_dup_n(ret, best->start, best->length);
  } else {
    tools_string_dup(err, "the text has no words");
  }
  words_free(&words);
  tools_string_free(text);
  return best != NULL;
}
