#include "ops/blocked_offsets.h"

#include <algorithm>
#include <map>

namespace convfuse {

BlockedPlanes::BlockedPlanes(const ConvLayer& layer, const ConvShape& shape,
                             const OutputGrid* grid)
    : x(shape.x_layout, layer.table->lanes, layer.geometry.channels_in, shape.in[1], shape.in[2]),
      out(shape.out_layout, layer.table->lanes, layer.geometry.channels_out,
          grid ? grid->size[0] : shape.out[1], grid ? grid->size[1] : shape.out[2]),
      residual(shape.residual_layout, layer.table->lanes, layer.geometry.channels_out,
               grid ? grid->size[0] : shape.out[1], grid ? grid->size[1] : shape.out[2]),
      x_pixel(layer.table->lanes), out_pixel(layer.table->lanes) {
  if (!grid) return;
  for (BlockedStrides* strides : {&out, &residual}) {
    strides->origin += grid->first[0] * strides->row + grid->first[1] * out_pixel;
    strides->row *= grid->step[0];
  }
  out_pixel *= grid->step[1];
}

size_t BlockedPlanes::LargestImage() const {
  return std::max({x.image, out.image, residual.image});
}

ProductOffsets LocateProducts(const ConvLayer& layer, const DirectWeights& weights,
                              const BlockedStrides& x, const std::vector<AxisPart>& columns) {
  const ConvGeometry& g = layer.geometry;
  const size_t lanes = layer.table->lanes;
  // In each row of the input a tile reads `span` neighbouring pixels: so many lines are fetched.
  const size_t span =
      (layer.table->direct_pixels - 1) * g.stride[2] + (g.kernel[2] - 1) * g.dilation[2] + 1;
  const size_t lines = CeilDiv(span * lanes, kLineFloats);
  const size_t group = layer.table->grouped_products;
  ProductOffsets products;
  for (const AxisPart& part : columns)
    for (size_t b = 0; b < weights.blocks(); ++b) {
      const size_t count = weights.Elements(b) * g.kernel[1] * part.Taps();
      const size_t grouped = weights.Grouped(b, count);
      // The lines that are fetched of a row of a block of channels, so far.
      std::map<size_t, size_t> fetched;
      for (size_t k = 0; k < count; ++k) {
        const DirectWeights::Product product = weights.At(b, k, g.kernel[1] * part.Taps());
        const size_t c = product.element, ky = product.tap / part.Taps();
        const size_t kx = product.tap % part.Taps();
        const size_t row = c / lanes * x.block + ky * g.dilation[1] * x.row;
        size_t& line = fetched[row];
        const auto at = static_cast<uint32_t>(row + c % lanes +
                                              (part.first + kx) * g.dilation[2] * lanes);
        products.next_pixels.push_back({at, static_cast<uint32_t>(row + line * kLineFloats)});
        products.next_weights.push_back(
            {at, static_cast<uint32_t>(k / ProductOffsets::kFetchTiles * kLineFloats)});
        // The first of a group fetches two.
        if (k >= grouped)
          line = std::min(line + 1, lines - 1);
        else if (k % group == 0)
          line = std::min(line + 2, lines - 1);
      }
    }
  return products;
}

PixelOffsets LocatePixels(const ConvLayer& layer, const ConvShape& shape, const BlockedCut& cut,
                          const BlockedPlanes& planes) {
  const ConvGeometry& g = layer.geometry;
  const size_t lanes = layer.table->lanes, width = shape.out[2];
  const auto add = [](std::vector<uint32_t>* to, size_t at) {
    to->push_back(static_cast<uint32_t>(at));
  };
  PixelOffsets pixels;
  for (size_t i = 0; i < cut.images; ++i)
    for (size_t y = 0; y < cut.rows; ++y)
      for (size_t x = 0; x < width; ++x) {
        const size_t pixel = x * planes.out_pixel;
        const size_t row = y * g.stride[1] * planes.x.row;
        add(&pixels.x, i * planes.x.image + row + x * g.stride[2] * planes.x_pixel);
        add(&pixels.out, i * planes.out.image + y * planes.out.row + pixel);
        add(&pixels.residual, i * planes.residual.image + y * planes.residual.row + pixel);
      }
  pixels.evenly = planes.x.row == width * lanes && g.stride[1] == 1 && g.stride[2] == 1;
  return pixels;
}

}  // namespace convfuse
