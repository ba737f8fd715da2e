// What one Node environment (the main thread or a worker) owns: there are no globals.
#pragma once
#include <napi.h>

#include <atomic>
#include <map>
#include <memory>
#include <string>

#include "addon/block_arena.h"
#include "addon/errors.h"
#include "ops/parallel.h"
#include "ops/workspace.h"

namespace convfuse::addon {

// Asynchronous work.  It owns all memory it touches: JavaScript may detach or free anything else.
class Job {
 public:
  virtual ~Job() = default;
  // On a thread of the pool; may throw.  Stops early when `cancelled` is set.
  virtual void Execute(ThreadPool& pool) = 0;
  // On the JavaScript thread, after Execute: the result, written to `out` unless that is
  // undefined.
  virtual Napi::Value Result(Napi::Env env, const Napi::Value& out) = 0;
  // Bytes held while the job waits.
  virtual size_t Bytes() const = 0;

  uint32_t id = 0;
  std::atomic<bool> cancelled{false};
  // Written before completion is announced.  A null code: all went well.
  Failure failure{nullptr, {}};
};

// Used on the environment's own thread only, except for the arena and the pool.
class Environment {
 public:
  static Environment& Of(Napi::Env env);

  ThreadPool& pool() { return *pool_; }
  BlockArena& arena() { return *arena_; }
  // Scratch memory that all living layers share.  Throws std::bad_alloc.
  std::shared_ptr<WorkspacePool> workspaces();

  // Announces jobs that have ended: completed(id).  To be called once, before Start.
  void Listen(Napi::Env env, const Napi::Function& completed);
  // Throws a Failure with ERR_LIMIT when too much is waiting already.
  uint32_t Start(Napi::Env env, std::unique_ptr<Job> job);
  void Cancel(uint32_t id);
  // Removes an ended job.
  std::unique_ptr<Job> Take(uint32_t id);

 private:
  static void Announce(Napi::Env env, Napi::Function completed, Environment* environment, Job* job);
  using Completions = Napi::TypedThreadSafeFunction<Environment, Job, Announce>;
  struct Entry {
    std::unique_ptr<Job> job;
    bool ended = false;
  };

  void Shutdown();

  std::shared_ptr<BlockArena> arena_ = std::make_shared<BlockArena>();
  std::unique_ptr<ThreadPool> pool_ = std::make_unique<ThreadPool>(0);
  std::weak_ptr<WorkspacePool> workspaces_;
  std::map<uint32_t, Entry> jobs_;
  uint32_t next_id_ = 1;
  size_t running_ = 0;  // started and not yet announced
  size_t bytes_ = 0;    // held by all jobs
  bool listening_ = false;
  Completions completions_;
};

}  // namespace convfuse::addon
