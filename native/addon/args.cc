#include "addon/args.h"

#include "addon/errors.h"

namespace convfuse::addon {
namespace {

template <class T>
struct Kind;
template <>
struct Kind<float> {
  static constexpr napi_typedarray_type type = napi_float32_array;
  static constexpr const char* name = "a Float32Array";
};
template <>
struct Kind<double> {
  static constexpr napi_typedarray_type type = napi_float64_array;
  static constexpr const char* name = "a Float64Array";
};
template <>
struct Kind<uint16_t> {
  static constexpr napi_typedarray_type type = napi_uint16_array;
  static constexpr const char* name = "a Uint16Array";
};
template <>
struct Kind<int32_t> {
  static constexpr napi_typedarray_type type = napi_int32_array;
  static constexpr const char* name = "an Int32Array";
};
template <>
struct Kind<uint32_t> {
  static constexpr napi_typedarray_type type = napi_uint32_array;
  static constexpr const char* name = "a Uint32Array";
};

struct TypedArray {
  bool valid = false;
  napi_typedarray_type type{};
  void* data = nullptr;
  size_t length = 0;
};

TypedArray ReadTypedArray(const Napi::Value& value) {
  TypedArray a;
  a.valid = napi_is_typedarray(value.Env(), value, &a.valid) == napi_ok && a.valid &&
            napi_get_typedarray_info(value.Env(), value, &a.type, &a.length, &a.data, nullptr,
                                     nullptr) == napi_ok;
  if (a.data == nullptr) a.length = 0;
  return a;
}

// Bytes of an element; 0 for kinds that came after this was written.
size_t UnitOf(napi_typedarray_type type) {
  switch (type) {
    case napi_int8_array:
    case napi_uint8_array:
    case napi_uint8_clamped_array:
      return 1;
    case napi_int16_array:
    case napi_uint16_array:
      return 2;
    case napi_int32_array:
    case napi_uint32_array:
    case napi_float32_array:
      return 4;
    case napi_float64_array:
    case napi_bigint64_array:
    case napi_biguint64_array:
      return 8;
    default:
      return 0;
  }
}

}  // namespace

Bytes ReadBytes(const Napi::Value& value, const char* name) {
  const TypedArray array = ReadTypedArray(value);
  const size_t unit = array.valid ? UnitOf(array.type) : 0;
  if (unit == 0) throw ArgumentFailure("a typed array", name);
  return {{static_cast<char*>(array.data), array.length * unit}, unit};
}

template <class T>
Elements<T> ReadArray(const Napi::Value& value, const char* name) {
  const TypedArray array = ReadTypedArray(value);
  if (!array.valid || array.type != Kind<T>::type) throw ArgumentFailure(Kind<T>::name, name);
  return {static_cast<T*>(array.data), array.length};
}

template <class T>
Elements<T> ReadArray(const Napi::Value& value, const char* name, size_t length) {
  const Elements<T> elements = ReadArray<T>(value, name);
  if (elements.size != length)
    throw Failure{"ERR_ARGUMENT", "expected " + std::to_string(length) + " elements for " + name +
                                      ", received " + std::to_string(elements.size)};
  return elements;
}

template <class T>
Elements<T> ReadOptionalArray(const Napi::Value& value, const char* name, size_t length) {
  return value.IsUndefined() ? Elements<T>{} : ReadArray<T>(value, name, length);
}

template Elements<float> ReadArray(const Napi::Value&, const char*);
template Elements<float> ReadArray(const Napi::Value&, const char*, size_t);
template Elements<double> ReadArray(const Napi::Value&, const char*, size_t);
template Elements<uint16_t> ReadArray(const Napi::Value&, const char*, size_t);
template Elements<int32_t> ReadArray(const Napi::Value&, const char*);
template Elements<int32_t> ReadArray(const Napi::Value&, const char*, size_t);
template Elements<uint32_t> ReadArray(const Napi::Value&, const char*);
template Elements<uint32_t> ReadArray(const Napi::Value&, const char*, size_t);
template Elements<float> ReadOptionalArray(const Napi::Value&, const char*, size_t);

size_t ReadSize(const Napi::Value& value, const char* name, size_t most) {
  const double number = ReadNumber(value, name);
  constexpr double kSafe = 9007199254740991;  // beyond, doubles are no longer all whole numbers
  if (!(number >= 0 && number <= kSafe && number <= static_cast<double>(most)))
    throw ArgumentFailure("a whole number in range", name);
  const size_t size = static_cast<size_t>(number);
  if (static_cast<double>(size) != number) throw ArgumentFailure("a whole number", name);
  return size;
}

double ReadNumber(const Napi::Value& value, const char* name) {
  if (!value.IsNumber()) throw ArgumentFailure("a number", name);
  return value.As<Napi::Number>().DoubleValue();
}

bool ReadBoolean(const Napi::Value& value, const char* name) {
  if (!value.IsBoolean()) throw ArgumentFailure("a boolean", name);
  return value.As<Napi::Boolean>().Value();
}

std::string ReadString(const Napi::Value& value, const char* name) {
  if (!value.IsString()) throw ArgumentFailure("a string", name);
  return value.As<Napi::String>().Utf8Value();
}

const KernelTable& ReadIsa(const Napi::Value& value) {
  const std::string name = ReadString(value, "isa");
  const KernelTable* table = SelectKernelTable(name.c_str());
  if (table == nullptr)
    throw Failure{"ERR_NATIVE_LOAD", "expected an ISA of this CPU for isa, received \"" +
                                         name.substr(0, 20) + "\""};
  return *table;
}

size_t Multiply(size_t a, size_t b) {
  size_t product = 0;
  if (__builtin_mul_overflow(a, b, &product))
    throw ArgumentFailure("sizes whose product fits", "dims");
  return product;
}

}  // namespace convfuse::addon
