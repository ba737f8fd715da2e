#include "bench/layers.h"

#include <ctype.h>

#include <fstream>
#include <iterator>
#include <stdexcept>

namespace convfuse::bench {

std::vector<BenchLayer> ReadLayers(const std::string& path) {
  std::ifstream file(path);
  if (!file) throw std::runtime_error("cannot read " + path);
  const std::string text((std::istreambuf_iterator<char>(file)), std::istreambuf_iterator<char>());
  std::vector<BenchLayer> layers;
  std::string key, word;
  bool is_value = false;
  for (size_t i = 0; i < text.size(); ++i) {
    const char ch = text[i];
    if (ch == '{') layers.emplace_back();
    if (ch == ':') is_value = true;
    if (ch != '"' && !isdigit(static_cast<unsigned char>(ch))) continue;
    const bool quoted = ch == '"';
    size_t end = quoted ? text.find('"', i + 1) : text.find_first_not_of("0123456789", i);
    word = text.substr(i + quoted, end - i - quoted);
    i = quoted ? end : end - 1;
    if (!is_value) {
      key = word;
      continue;
    }
    is_value = false;
    BenchLayer& l = layers.back();
    if (quoted) {
      (key == "name" ? l.name : l.group) = word;
      continue;
    }
    const size_t n = std::stoul(word);
    if (key == "c") l.c = n;
    if (key == "h") l.h = n;
    if (key == "w") l.w = n;
    if (key == "oc") l.oc = n;
    if (key == "k") l.k = n;
    if (key == "stride") l.stride = n;
    if (key == "pad") l.pad = n;
    if (key == "groups") l.groups = n;
    if (key == "transposed") l.transposed = n;
  }
  return layers;
}

}  // namespace convfuse::bench
