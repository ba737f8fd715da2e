// Reads the arguments of exported functions.  TypeScript has checked their meaning; what memory
// safety depends on is checked again here.  Every function throws a Failure.
#pragma once
#include <napi.h>
#include <stddef.h>
#include <stdint.h>

#include <string>

#include "kernels/table.h"

namespace convfuse::addon {

// The elements of a typed array, which may lie on a SharedArrayBuffer.  Valid until JavaScript
// runs again.
template <class T>
struct Elements {
  T* data = nullptr;
  size_t size = 0;
};

// A typed array of exactly the kind that T stands for.  A detached one has no elements.
template <class T>
Elements<T> ReadArray(const Napi::Value& value, const char* name);

// The same, of exactly that length.
template <class T>
Elements<T> ReadArray(const Napi::Value& value, const char* name, size_t length);

// As above; undefined gives no elements and a null pointer.
template <class T>
Elements<T> ReadOptionalArray(const Napi::Value& value, const char* name, size_t length);

// The memory of a typed array of any kind, and the bytes of an element.
struct Bytes {
  Elements<char> bytes;
  size_t unit;
};
Bytes ReadBytes(const Napi::Value& value, const char* name);

// A whole number in [0, most].
size_t ReadSize(const Napi::Value& value, const char* name, size_t most);
double ReadNumber(const Napi::Value& value, const char* name);
bool ReadBoolean(const Napi::Value& value, const char* name);
std::string ReadString(const Napi::Value& value, const char* name);

// The kernels of the ISA of that name; code ERR_NATIVE_LOAD where this CPU lacks it.
const KernelTable& ReadIsa(const Napi::Value& value);

// The product; throws where it does not fit.
size_t Multiply(size_t a, size_t b);

// Whether two arrays share a byte.
template <class A, class B>
bool Overlap(const Elements<A>& a, const Elements<B>& b) {
  const auto begin_a = reinterpret_cast<uintptr_t>(a.data);
  const auto begin_b = reinterpret_cast<uintptr_t>(b.data);
  return a.size > 0 && b.size > 0 && begin_a < begin_b + b.size * sizeof(B) &&
         begin_b < begin_a + a.size * sizeof(A);
}

}  // namespace convfuse::addon
