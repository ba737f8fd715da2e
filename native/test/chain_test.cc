// Chains of layers on every ISA give the bits that the layers give one by one, leave halos alone
// and write nothing outside: whatever lay in the scratch memory, on any number of threads and in
// bands of any height.
#include <math.h>

#include <vector>

#include "ops/chain.h"
#include "ops/layer.h"
#include "ops/pool.h"
#include "test/arrange.h"
#include "test/guarded.h"
#include "test/pool_axis.h"
#include "test/suites.h"
#include "test/tables.h"

namespace convfuse::test {
namespace {

constexpr size_t kMostFloats = 1 << 20;

struct Memory {
  Guarded x{kMostFloats}, out{kMostFloats}, residual{kMostFloats};
};

struct Link {
  ConvGeometry geometry;  // of a pool: its channels
  ConvShape shape;
  Activation activation;
  Precision precision;
  std::vector<Axis> pool;  // height and width; none for a convolution
  bool mean;
};

ReorderShape InputOf(const Link& l) {
  return {l.shape.batch, l.geometry.channels_in, l.shape.in[1], l.shape.in[2]};
}

ReorderShape OutputOf(const Link& l) {
  return {l.shape.batch, l.geometry.channels_out, l.shape.out[1], l.shape.out[2]};
}

bool DrawPool(Random& r, const ReorderShape& in, Link* link) {
  const bool padded = r.Chance(50);
  link->mean = r.Chance(50);
  link->pool = {DrawAxis(r, in.height, padded), DrawAxis(r, in.width, padded)};
  link->geometry.channels_in = link->geometry.channels_out = in.channels;
  link->shape.batch = in.batch;
  link->shape.in[1] = in.height;
  link->shape.in[2] = in.width;
  for (int a = 0; a < 2; ++a) link->shape.out[a + 1] = link->pool[static_cast<size_t>(a)].out();
  return Volume(link->shape.out) > 0;
}

// A layer over an input of that shape.  False if it would have no output.
bool DrawLink(Random& r, const ReorderShape& in, Link* link) {
  if (r.Chance(20)) return DrawPool(r, in, link);
  ConvGeometry& g = link->geometry;
  const size_t kind = r.Below(5);  // 0, 1: groups, mostly of one channel; 2, 3: pointwise
  size_t share = size_t{1} << (kind == 0 ? r.Below(5) : 0);
  while (in.channels % share != 0) share /= 2;
  g.channels_in = in.channels;
  g.channels_out = kind < 2 ? in.channels : r.Between(1, 40);
  g.groups = kind < 2 ? in.channels / share : 1;
  link->shape.batch = in.batch;
  const size_t size[3] = {1, in.height, in.width};
  for (int a = 1; a < 3; ++a) {
    g.kernel[a] = kind == 2 || kind == 3 ? 1 : r.Chance(70) ? 3 : r.Between(1, 5);
    g.stride[a] = r.Chance(75) ? 1 : r.Between(1, kind < 2 && a == 1 ? 3 : 2);
    g.dilation[a] = r.Chance(85) ? 1 : 2;
    const size_t reach = (g.kernel[a] - 1) * g.dilation[a] + 1;
    const bool same = r.Chance(70);
    link->shape.in[a] = size[a];
    link->shape.pad_begin[a] = same ? reach / 2 : r.Below(reach);
    const size_t padded = size[a] + link->shape.pad_begin[a] + (same ? reach / 2 : r.Below(reach));
    if (padded < reach) return false;
    link->shape.out[a] = (padded - reach) / g.stride[a] + 1;
  }
  const ActivationKind kinds[] = {ActivationKind::kIdentity, ActivationKind::kRelu,
                                  ActivationKind::kHardSwish, ActivationKind::kSilu};
  link->activation.kind = kinds[r.Below(4)];
  return true;
}

// A halo that holds all that the layer reads, and sometimes more.
Layout HaloOf(Random& r, const Link& l) {
  if (!l.pool.empty()) return {true, r.Below(2), r.Below(2), r.Below(2), r.Below(2)};
  const auto after = [&](int a) {
    const ConvGeometry& g = l.geometry;
    const size_t reads = (l.shape.out[a] - 1) * g.stride[a] + (g.kernel[a] - 1) * g.dilation[a] + 1;
    const size_t has = l.shape.pad_begin[a] + l.shape.in[a];
    return (reads > has ? reads - has : 0) + r.Below(2);
  };
  return {true, l.shape.pad_begin[1] + r.Below(2), l.shape.pad_begin[2] + r.Below(2), after(1),
          after(2)};
}

std::vector<Link> DrawLinks(Random& r) {
  std::vector<Link> links;
  ReorderShape in = {r.Between(1, 3), r.Between(1, 40), r.Between(1, 30), r.Between(1, 20)};
  const Precision precisions[] = {Precision::kStrict, Precision::kDefault, Precision::kBfloat16};
  for (size_t wanted = r.Between(2, 4); links.size() < wanted;) {
    Link link = {};
    link.precision = precisions[r.Below(3)];
    if (!DrawLink(r, in, &link)) break;
    link.shape.x_layout = HaloOf(r, link);
    in = OutputOf(link);
    links.push_back(link);
  }
  if (!links.empty() && links[0].pool.empty() && r.Chance(25)) links[0].shape.x_layout = {};
  for (size_t i = 0; i < links.size(); ++i)
    links[i].shape.out_layout = links[i].shape.residual_layout =
        i + 1 < links.size() ? links[i + 1].shape.x_layout
                             : Layout{true, r.Below(3), r.Below(3), r.Below(3), r.Below(3)};
  return links;
}

std::string Describe(const KernelTable& table, const std::vector<Link>& links) {
  std::string s = std::string(table.isa) + " chain n " + std::to_string(links[0].shape.batch) +
                  " c " + std::to_string(links[0].geometry.channels_in);
  for (const Link& l : links)
    s += (l.pool.empty() ? " -> " : " pool -> ") + std::to_string(l.geometry.kernel[1]) + "x" +
         std::to_string(l.geometry.kernel[2]) + "/" + std::to_string(l.geometry.stride[1]) +
         " groups " + std::to_string(l.geometry.groups) + " " +
         std::to_string(l.geometry.channels_out) + " @" + std::to_string(l.shape.out[1]) + "x" +
         std::to_string(l.shape.out[2]);
  return s;
}

std::shared_ptr<Conv> MakeConv(const KernelTable& table, const Link& l, Random& r,
                               const std::shared_ptr<WorkspacePool>& workspaces) {
  const ConvGeometry& g = l.geometry;
  std::vector<float> weight(g.channels_in / g.groups * g.channels_out * Volume(g.kernel));
  std::vector<float> bias(g.channels_out);
  for (float& v : weight) v = r.Real();
  for (float& v : bias) v = r.Real();
  ConvOptions options;
  options.table = &table;
  options.activation = l.activation;
  options.precision =
      table.blocked_tile_bf16 ? l.precision : std::min(l.precision, Precision::kDefault);
  options.workspaces = workspaces;
  return Conv::Create(g, weight.data(), bias.data(), options);
}

ChainLink LinkOf(const KernelTable& table, const Link& l, Random& r,
                 const std::shared_ptr<WorkspacePool>& workspaces) {
  if (l.pool.empty()) return {MakeConv(table, l, r, workspaces), nullptr, l.shape};
  const PoolAxis axis[2] = {l.pool[0].Kernel(), l.pool[1].Kernel()};
  const size_t channels = l.geometry.channels_in;
  return {nullptr, std::make_shared<ChainPool>(table, l.mean, channels, axis), l.shape};
}

// What the layers give one by one.
std::vector<float> OneByOne(const std::vector<ChainLink>& chain, const std::vector<Link>& links,
                            const KernelTable& table, const float* x, const float* residual,
                            ThreadPool& pool, WorkspacePool& workspaces) {
  std::vector<float> from, to, dense;
  for (size_t i = 0; i < links.size(); ++i) {
    to.assign(LayoutFloats(links[i].shape.out_layout, table.lanes, OutputOf(links[i])), 0);
    if (chain[i].pool) {
      const ConvShape& s = links[i].shape;
      RunBlockedPool(table, {links[i].mean, {links[i].pool[0].Kernel(), links[i].pool[1].Kernel()},
                             s.batch, links[i].geometry.channels_in, i > 0 ? from.data() : x,
                             s.x_layout, to.data(), s.out_layout}, pool, workspaces, 1);
      from.swap(to);
      continue;
    }
    const auto plan = chain[i].conv->Prepare(chain[i].shape, 1);
    chain[i].conv->Run(*plan, i > 0 ? from.data() : x, i + 1 < links.size() ? nullptr : residual,
                       to.data(), pool, 1, nullptr);
    from.swap(to);
  }
  const Link& last = links.back();
  IsArranged(table, last.shape.out_layout, OutputOf(last), from.data(), 0, &dense);
  return dense;
}

// Fills the scratch memory with NaN, which must make no difference.
void Spoil(WorkspacePool& workspaces, size_t floats) {
  WorkspacePool::Lease lease(workspaces, floats);
  std::fill(lease.data(), lease.data() + floats, NAN);
}

// Returns whether there was a chain to run.
bool Run(const KernelTable& table, ThreadPool& pool, Random& r, Memory& memory) {
  std::vector<Link> links = DrawLinks(r);
  if (links.size() < 2) return false;
  const bool adds = links.back().pool.empty() && r.Chance(40), end = r.Chance(50);
  if (adds)
    links.back().shape.residual_layout = {true, r.Below(3), r.Below(3), r.Below(3), r.Below(3)};
  const auto workspaces = std::make_shared<WorkspacePool>();
  std::vector<ChainLink> chain;
  for (const Link& l : links) chain.push_back(LinkOf(table, l, r, workspaces));

  const ReorderShape in = InputOf(links[0]), out = OutputOf(links.back());
  const Layout dense, layout = links.back().shape.out_layout;
  std::vector<float> values(LayoutFloats(dense, 1, in)), added(LayoutFloats(dense, 1, out)), got;
  for (float& v : values) v = r.Chance(1) ? NAN : r.Real();
  for (float& v : added) v = r.Real();
  const float* x =
      Arrange(table, links[0].shape.x_layout, in, values.data(), memory.x, end, 0, NAN);
  const float* residual = adds ? Arrange(table, links.back().shape.residual_layout, out,
                                         added.data(), memory.residual, end, NAN, NAN)
                               : nullptr;
  const size_t threads = r.Between(1, 3), budget = size_t{1} << r.Between(8, 18);
  const auto made = ConvChain::Create(chain, threads, workspaces, budget);
  if (!made) return false;

  const std::vector<float> canary(added.size(), kCanary);
  std::vector<float> first;
  float* to = Arrange(table, layout, out, canary.data(), memory.out, end, kCanary, NAN);
  Spoil(*workspaces, 1 << 18);
  // Which thread computes what is another matter in each run.
  for (size_t run = 0; run < (threads > 1 ? 3 : 1); ++run) {
    if (run > 0) to = Arrange(table, layout, out, canary.data(), memory.out, end, kCanary, NAN);
    made->Run(x, residual, to, pool);
    IsArranged(table, layout, out, to, kCanary, &got);
    if (run > 0)
      Check(SameBits(table, got.data(), first.data(), first.size()),
            Describe(table, links) + " differs from run to run");
    first = got;
  }
  const std::string what = Describe(table, links);
  Check(memory.out.Intact(), what + " wrote outside");
  Check(IsArranged(table, layout, out, to, kCanary, &got), what + " wrote a halo");
  const std::vector<float> want = OneByOne(chain, links, table, x, residual, pool, *workspaces);
  Check(SameBits(table, got.data(), want.data(), want.size()), what + " has the same bits");
  return true;
}

}  // namespace

void TestChain(const Options& options) {
  Memory memory;
  ThreadPool pool(2);
  for (const KernelTable* table : TestedTables(options)) {
    size_t chains = 0;
    ForEachConfiguration(options, [&](Random& random) {
      chains += Run(*table, pool, random, memory);
    });
    Check(chains * 5 >= options.configs, std::string(table->isa) + " has enough chains");
  }
}

}  // namespace convfuse::test
