#include "addon/environment.h"

#include <utility>

namespace convfuse::addon {
namespace {

// Copied inputs of waiting calls.  A caller who never awaits would fill memory otherwise.
constexpr size_t kMostWaitingBytes = size_t{2} << 30;

}  // namespace

Environment& Environment::Of(Napi::Env env) {
  Environment* environment = env.GetInstanceData<Environment>();
  if (environment == nullptr) throw Failure{"ERR_INTERNAL", "the environment is gone"};
  return *environment;
}

std::shared_ptr<WorkspacePool> Environment::workspaces() {
  std::shared_ptr<WorkspacePool> pool = workspaces_.lock();
  if (!pool) workspaces_ = pool = std::make_shared<WorkspacePool>();
  return pool;
}

void Environment::Listen(Napi::Env env, const Napi::Function& completed) {
  if (listening_) throw Failure{"ERR_INTERNAL", "the addon has a listener already"};
  completions_ = Completions::New(env, completed, "convfuse", 0, 1, this);
  completions_.Unref(env);  // an idle addon does not keep Node running
  listening_ = true;
  // Hooks run last in, first out: this one before the queue of completions is closed.
  env.AddCleanupHook([](Environment* environment) { environment->Shutdown(); }, this);
}

// No thread touches the environment after this.  Announcements that wait in the queue are dropped
// by Node, the jobs themselves die with the environment.
void Environment::Shutdown() {
  for (auto& [id, entry] : jobs_) entry.job->cancelled.store(true);
  pool_.reset();
}

uint32_t Environment::Start(Napi::Env env, std::unique_ptr<Job> job) {
  if (!listening_) throw Failure{"ERR_INTERNAL", "nobody listens for completions"};
  const size_t bytes = job->Bytes();
  if (running_ > 0 && bytes_ + bytes > kMostWaitingBytes)
    throw Failure{"ERR_LIMIT",
                  "expected at most 2 GiB of inputs in waiting runs: await some first"};
  while (next_id_ == 0 || jobs_.count(next_id_) > 0) ++next_id_;
  const uint32_t id = job->id = next_id_++;
  Job* raw = job.get();
  jobs_[id].job = std::move(job);
  try {
    pool_->Post([raw, pool = pool_.get(), completions = completions_]() mutable {
      try {
        if (!raw->cancelled.load()) raw->Execute(*pool);
      } catch (...) {
        raw->failure = CurrentFailure();
      }
      // Refused only while the environment goes down, which frees the job.
      completions.NonBlockingCall(raw);
    });
  } catch (...) {
    jobs_.erase(id);
    throw;
  }
  bytes_ += bytes;
  if (running_++ == 0) completions_.Ref(env);
  return id;
}

void Environment::Cancel(uint32_t id) {
  const auto entry = jobs_.find(id);
  if (entry != jobs_.end()) entry->second.job->cancelled.store(true);
}

std::unique_ptr<Job> Environment::Take(uint32_t id) {
  const auto entry = jobs_.find(id);
  if (entry == jobs_.end() || !entry->second.ended)
    throw Failure{"ERR_INTERNAL", "no job of that number has ended"};
  std::unique_ptr<Job> job = std::move(entry->second.job);
  jobs_.erase(entry);
  bytes_ -= job->Bytes();
  return job;
}

// A null environment means that it is going down: nothing may be touched then.
void Environment::Announce(Napi::Env env, Napi::Function completed, Environment* environment,
                           Job* job) {
  if (static_cast<napi_env>(env) == nullptr) return;
  if (--environment->running_ == 0) environment->completions_.Unref(env);
  const auto entry = environment->jobs_.find(job->id);
  if (entry == environment->jobs_.end()) return;
  entry->second.ended = true;
  completed.Call({Napi::Number::New(env, job->id)});
}

}  // namespace convfuse::addon
