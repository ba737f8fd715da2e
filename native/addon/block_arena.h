// Memory for tensors; large blocks are recycled.  The first touch of a fresh page costs
// microseconds, which for the output of a convolution adds up to more than the convolution itself.
#pragma once
#include <stddef.h>

#include <memory>
#include <mutex>
#include <vector>

namespace convfuse::addon {

class BlockArena;

// Uninitialised memory, aligned for any vector.  Its destructor gives it back to the arena.
class Block {
 public:
  Block() = default;
  Block(Block&& other) noexcept { *this = std::move(other); }
  Block& operator=(Block&& other) noexcept;
  ~Block();
  float* floats() const { return static_cast<float*>(data_); }

 private:
  friend class BlockArena;
  std::shared_ptr<BlockArena> arena_;  // keeps the arena alive as long as JavaScript holds a block
  void* data_ = nullptr;
  size_t bytes_ = 0;
};

// Thread safe.
class BlockArena : public std::enable_shared_from_this<BlockArena> {
 public:
  ~BlockArena();
  // Throws std::bad_alloc.
  Block Acquire(size_t bytes);

 private:
  friend class Block;
  struct Recycled {
    void* data;
    size_t bytes;
  };
  void Release(void* data, size_t bytes) noexcept;

  std::mutex mutex_;
  std::vector<Recycled> free_;  // oldest first
  size_t retained_ = 0;     // bytes in free_
};

}  // namespace convfuse::addon
