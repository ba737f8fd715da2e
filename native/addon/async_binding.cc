// Asynchronous convolutions: everything is copied on entry, computed in memory of the addon's own,
// and handed over on the JavaScript thread.
#include <string.h>

#include <utility>

#include "addon/bindings.h"
#include "addon/conv_layer.h"
#include "addon/environment.h"
#include "addon/errors.h"

namespace convfuse::addon {
namespace {

// Smaller results are copied into an ordinary ArrayBuffer, which costs less than an external one
// and which may be transferred.
constexpr size_t kLeastExternal = size_t{1} << 20;

// The results as a Float32Array: over the block itself if that is large, else a copy.
Napi::Value HandOver(Napi::Env env, Block block, size_t count) {
  const size_t bytes = count * sizeof(float);
  if (bytes >= kLeastExternal) {
    auto owner = std::make_unique<Block>(std::move(block));
    napi_value buffer = nullptr;
    const napi_status status = napi_create_external_arraybuffer(
        env, owner->floats(), bytes,
        [](napi_env, void*, void* hint) { delete static_cast<Block*>(hint); }, owner.get(),
        &buffer);
    if (status == napi_ok) {
      owner.release();
      return Napi::Float32Array::New(env, count, Napi::ArrayBuffer(env, buffer), 0);
    }
    block = std::move(*owner);  // some embedders of V8 allow no external memory
  }
  Napi::Float32Array array = Napi::Float32Array::New(env, count);
  memcpy(array.Data(), block.floats(), bytes);
  return array;
}

Block Copy(BlockArena& arena, const Elements<float>& source) {
  if (source.data == nullptr) return {};
  Block block = arena.Acquire(source.size * sizeof(float));
  memcpy(block.floats(), source.data, source.size * sizeof(float));
  return block;
}

class ConvJob : public Job {
 public:
  ConvJob(std::shared_ptr<Layer> layer, const RunArgs& run, BlockArena& arena)
      : layer_(std::move(layer)),
        shape_(run.shape),
        threads_(run.threads),
        in_bytes_(run.x.size * sizeof(float)),
        out_size_(run.out_size),
        arena_(arena),
        x_(Copy(arena, run.x)),
        residual_(Copy(arena, run.residual)) {}

  void Execute(ThreadPool& pool) override {
    const auto plan = layer_->conv->Prepare(shape_, threads_);
    out_ = arena_.Acquire(out_size_ * sizeof(float));
    layer_->conv->Run(*plan, x_.floats(), residual_.floats(), out_.floats(), pool, threads_,
                      &cancelled);
    x_ = Block();
    residual_ = Block();
  }

  Napi::Value Result(Napi::Env env, const Napi::Value& out) override {
    if (out.IsUndefined()) return HandOver(env, std::move(out_), out_size_);
    const Elements<float> target = ReadArray<float>(out, "out", out_size_);
    memcpy(target.data, out_.floats(), out_size_ * sizeof(float));
    return out;
  }

  size_t Bytes() const override { return in_bytes_; }

 private:
  const std::shared_ptr<Layer> layer_;
  const ConvShape shape_;
  const size_t threads_;
  const size_t in_bytes_;
  const size_t out_size_;
  BlockArena& arena_;
  Block x_, residual_, out_;
};

}  // namespace

// (layer, x, residual or undefined, shape, threads) -> number of the job
Napi::Value StartConv(const Napi::CallbackInfo& info) {
  Environment& environment = Environment::Of(info.Env());
  const std::shared_ptr<Layer> layer = ReadLayer(info[0]);
  const RunArgs run = ReadRun(info, 1, *layer);
  // A blocked result would have a halo that nobody zeroes.
  if (run.shape.x_layout.blocked || run.shape.residual_layout.blocked ||
      run.shape.out_layout.blocked)
    throw ArgumentFailure("dense tensors", "shape");
  const uint32_t id = environment.Start(
      info.Env(), std::make_unique<ConvJob>(layer, run, environment.arena()));
  return Napi::Number::New(info.Env(), id);
}

// (completed: (id) => void)
Napi::Value Listen(const Napi::CallbackInfo& info) {
  if (!info[0].IsFunction()) throw ArgumentFailure("a function", "completed");
  Environment::Of(info.Env()).Listen(info.Env(), info[0].As<Napi::Function>());
  return info.Env().Undefined();
}

// (id): makes the job end soon, with an undefined result
Napi::Value CancelJob(const Napi::CallbackInfo& info) {
  Environment::Of(info.Env()).Cancel(
      static_cast<uint32_t>(ReadSize(info[0], "id", UINT32_MAX)));
  return info.Env().Undefined();
}

// (id, out or undefined) -> the result of an ended job, once; undefined if it was cancelled
Napi::Value TakeResult(const Napi::CallbackInfo& info) {
  const std::unique_ptr<Job> job = Environment::Of(info.Env()).Take(
      static_cast<uint32_t>(ReadSize(info[0], "id", UINT32_MAX)));
  if (job->failure.code != nullptr) throw job->failure;
  if (job->cancelled.load()) return info.Env().Undefined();
  return job->Result(info.Env(), info[1]);
}

}  // namespace convfuse::addon
