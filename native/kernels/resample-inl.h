// Resampling.  A row is made for each row of the output, in vectors, then its columns; or the
// columns of each input row first (columns_first).  Contract in resample.h.
#pragma once
#include "kernels/resample.h"
#include "kernels/shuffle-inl.h"

namespace convfuse::CONVFUSE_ISA {
namespace {

// n floats; rows are short, and often one vector.
void CopyRow(const float* from, float* to, size_t n) {
  size_t i = 0;
  for (; i + kLanes <= n; i += kLanes) Store(to + i, Load(from + i));
  for (; i < n; ++i) to[i] = from[i];
}

// How many times in a row an axis repeats each of its inputs; 0 if it does anything else.
size_t RepeatsOf(const ResampleAxis& a) {
  if (a.weight != nullptr || a.in == 0 || a.out % a.in != 0) return 0;
  const size_t times = a.out / a.in;
  for (size_t o = 0; o < a.out; ++o)
    if (static_cast<size_t>(a.index[o]) != o / times) return 0;
  return times;
}

// Whether outputs o and o + 1 have the weights of o - 2 and o - 1 and read one input further, as on
// a linear axis of twice the size, except at its ends.
bool FollowsPair(const ResampleAxis& a, size_t o) {
  for (size_t i = 2 * o; i < 2 * o + 4; ++i)
    if (a.index[i] != a.index[i - 4] + 1 || a.weight[i] != a.weight[i - 4]) return false;
  return true;
}

// Pairs of outputs [first, end) of a linear axis that lie one input apart and read all their taps.
struct Pairs {
  size_t first, end;
};
Pairs PairsOf(const ResampleAxis& a) {
  constexpr size_t kFirst = 1;  // output 0 may have a clamped coordinate
  Pairs pairs = {kFirst, kFirst};
  if (a.weight == nullptr || a.width != 2 || a.out < kFirst + 2) return pairs;
  const float* w = a.weight + 2 * kFirst;
  const int32_t* at = a.index + 2 * kFirst;
  if (w[0] == 0 || w[1] == 0 || w[2] == 0 || w[3] == 0) return pairs;
  if (at[1] != at[0] + 1 || at[3] != at[2] + 1) return pairs;
  pairs.end += 2;
  while (pairs.end + 2 <= a.out && FollowsPair(a, pairs.end)) pairs.end += 2;
  return pairs;
}

// Whether every kLanes neighbouring outputs of a linear axis read inputs that fit into one vector.
bool PicksFit(const ResampleAxis& a) {
  if (!kPicks || a.weight == nullptr || a.width != 2 || a.out < kLanes) return false;
  for (size_t o = 0; o < a.out; ++o) {
    const size_t end = a.out - o < kLanes ? a.out : o + kLanes;
    for (size_t t = 2 * o; t < 2 * end; ++t) {
      const int32_t place = a.index[t] - a.index[2 * o];
      if (place < 0 || place >= static_cast<int32_t>(kLanes)) return false;
    }
  }
  return true;
}

struct Columns {
  size_t repeats;
  Pairs pairs;
  bool picks;
};

Columns ColumnsOf(const ResampleAxis& a) { return {RepeatsOf(a), PairsOf(a), PicksFit(a)}; }

void PickColumns(const ResampleAxis& a, const float* from, float* to) {
  for (size_t o = 0; o < a.out; o += kLanes) {
    // The last vector overlaps the one before.
    const size_t at = o + kLanes <= a.out ? o : a.out - kLanes;
    const size_t first = static_cast<size_t>(a.index[2 * at]);
    const size_t left = a.in - first;
    const size_t base = left >= kLanes ? first : a.in < kLanes ? 0 : a.in - kLanes;
    const V v = a.in < kLanes ? LoadN(from, a.in) : Load(from + base);
    const V low = FromBits(*reinterpret_cast<const UnalignedVi*>(a.index + 2 * at));
    const V high = FromBits(*reinterpret_cast<const UnalignedVi*>(a.index + 2 * at + kLanes));
    const V w_low = Load(a.weight + 2 * at), w_high = Load(a.weight + 2 * at + kLanes);
    const auto part = [&](V index, V w) {
      const V picked = Pick(v, Bits(index) - static_cast<int32_t>(base));
      return w * Select(w != 0.0f, picked, V{});
    };
    Store(to + at, part(Even(low, high), Even(w_low, w_high)) +
                       part(Odd(low, high), Odd(w_low, w_high)));
  }
}

void RepeatColumns(const ResampleAxis& a, size_t times, const float* from, float* to) {
  if (times == 1) return CopyRow(from, to, a.in);
  size_t i = 0;
  if (times == 2)
    for (; i + kLanes <= a.in; i += kLanes, to += 2 * kLanes) {
      const V v = Load(from + i);
      Store(to, ZipLow(v, v));
      Store(to + kLanes, ZipHigh(v, v));
    }
  for (; i < a.in; ++i)
    for (size_t k = 0; k < times; ++k) *to++ = from[i];
}

// The columns of one row.
void ResampleColumns(const ResampleAxis& a, const Columns& c, const float* from, float* to) {
  if (c.repeats > 0) return RepeatColumns(a, c.repeats, from, to);
  if (a.weight == nullptr) {
    for (size_t o = 0; o < a.out; ++o) to[o] = from[a.index[o]];
    return;
  }
  if (kPicks && c.picks && c.pairs.end - c.pairs.first < 2 * kLanes)
    return PickColumns(a, from, to);
  const auto one = [&](size_t o) {
    float sum = 0;
    for (size_t t = o * a.width; t < (o + 1) * a.width; ++t)
      if (a.weight[t] != 0) sum += a.weight[t] * from[a.index[t]];
    to[o] = sum;
  };
  size_t o = 0;
  for (; o < c.pairs.first && o < a.out; ++o) one(o);
  while (o < c.pairs.end && c.pairs.end - c.pairs.first >= 2 * kLanes) {
    // The last vectors overlap those before.
    if (o + 2 * kLanes > c.pairs.end) o = c.pairs.end - 2 * kLanes;
    const float *w = a.weight + 2 * o, *left = from + a.index[2 * o],
                *right = from + a.index[2 * o + 2];
    const V even = w[0] * Load(left) + w[1] * Load(left + 1);
    const V odd = w[2] * Load(right) + w[3] * Load(right + 1);
    Store(to + o, ZipLow(even, odd));
    Store(to + o + kLanes, ZipHigh(even, odd));
    o += 2 * kLanes;
  }
  for (; o < a.out; ++o) one(o);
}

// The row that output row o is made of, from a plane whose rows of `width` floats lie `stride`
// apart.  Without weights that is a row of the plane, else it is computed into `row`.
const float* ResampleRow(const ResampleAxis& a, const float* plane, size_t stride, size_t width,
                         float* row, size_t o) {
  const size_t first = o * a.width;
  const auto source = [&](size_t t) { return plane + static_cast<size_t>(a.index[t]) * stride; };
  if (a.weight == nullptr) return source(o);
  for (size_t x = 0; x < width; x += kLanes) {
    const size_t left = width - x;
    V sum = {};
    for (size_t t = first; t < first + a.width; ++t) {
      if (a.weight[t] == 0) continue;
      const float* from = source(t) + x;
      sum += a.weight[t] * (left >= kLanes ? Load(from) : LoadN(from, left));
    }
    Store(row + x, sum);
  }
  return row;
}

// Whether output row o reads the same rows, with the same weights, as the one before.
bool RepeatsRow(const ResampleAxis& a, size_t o) {
  if (o == 0) return false;
  for (size_t t = o * a.width; t < (o + 1) * a.width; ++t) {
    if (a.index[t] != a.index[t - a.width]) return false;
    if (a.weight != nullptr && a.weight[t] != a.weight[t - a.width]) return false;
  }
  return true;
}

// A cache of kResampleRows rows of x, resampled to the width of y.
struct WideRows {
  const ResamplePlanes& p;
  const Columns& columns;
  const float* x;
  size_t source[kResampleRows];  // the row in each slot, counted from 1; 0: none

  const float* Row(size_t row) {
    const size_t slot = row % kResampleRows;
    float* const line = p.row + slot * (p.axis[1].out + kResampleSlack);
    if (source[slot] != row + 1) ResampleColumns(p.axis[1], columns, x + row * p.axis[1].in, line);
    source[slot] = row + 1;
    return line;
  }
};

// Output row o, from rows that have the width of y already.
void JoinWideRows(const ResampleAxis& a, size_t o, size_t width, WideRows* rows, float* y) {
  const float* from[kResampleRows];
  float weight[kResampleRows];
  size_t taps = 0;
  for (size_t t = o * a.width; t < (o + 1) * a.width; ++t) {
    if (a.weight[t] == 0) continue;
    from[taps] = rows->Row(static_cast<size_t>(a.index[t]));
    weight[taps++] = a.weight[t];
  }
  for (size_t x = 0; x < width; x += kLanes) {
    V sum = {};
    if (taps == 2)
      sum = weight[0] * Load(from[0] + x) + weight[1] * Load(from[1] + x);
    else
      for (size_t t = 0; t < taps; ++t) sum += weight[t] * Load(from[t] + x);
    if (width - x >= kLanes)
      Store(y + x, sum);
    else
      StoreN(y + x, sum, width - x);
  }
}

void Resample(const ResamplePlanes& p) {
  const ResampleAxis &height = p.axis[0], &width = p.axis[1];
  const Columns columns = ColumnsOf(width);
  float* y = p.y;
  for (size_t plane = 0; plane < p.planes; ++plane) {
    const float* x = p.x + plane * height.in * width.in;
    if (p.columns_first) {
      WideRows rows = {p, columns, x, {}};
      for (size_t o = 0; o < height.out; ++o, y += width.out)
        JoinWideRows(height, o, width.out, &rows, y);
      continue;
    }
    for (size_t o = 0; o < height.out; ++o, y += width.out) {
      if (RepeatsRow(height, o))
        CopyRow(y - width.out, y, width.out);
      else
        ResampleColumns(width, columns, ResampleRow(height, x, width.in, width.in, p.row, o), y);
    }
  }
}

// A row of pixels, of kLanes floats each.
void ResamplePixels(const ResampleAxis& a, size_t repeats, const float* from, float* to) {
  if (repeats == 1) return CopyRow(from, to, a.in * kLanes);
  for (size_t o = 0; o < a.out; ++o, to += kLanes) {
    const auto pixel = [&](size_t t) {
      return Load(from + static_cast<size_t>(a.index[t]) * kLanes);
    };
    if (a.weight == nullptr) {
      Store(to, pixel(o));
      continue;
    }
    V sum = {};
    for (size_t t = o * a.width; t < (o + 1) * a.width; ++t)
      if (a.weight[t] != 0) sum += a.weight[t] * pixel(t);
    Store(to, sum);
  }
}

void ResampleBlock(const BlockedResample& p) {
  const ResampleAxis &height = p.axis[0], &width = p.axis[1];
  const size_t repeats = RepeatsOf(width);
  float* out = p.out;
  for (size_t o = 0; o < height.out; ++o, out += p.out_row) {
    if (RepeatsRow(height, o))
      CopyRow(out - p.out_row, out, width.out * kLanes);
    else
      ResamplePixels(width, repeats, ResampleRow(height, p.x, p.x_row, width.in * kLanes, p.row, o),
                     out);
  }
}

}  // namespace
}  // namespace convfuse::CONVFUSE_ISA
