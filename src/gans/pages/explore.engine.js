// Runs in a worker: unpacks a network's weights once, then turns latents into pixels.
const networks = new Map();

async function unpacked({ network, content }) {
  const bytes = Uint8Array.from(atob(content), (character) => character.charCodeAt(0));
  const stream = new Blob([bytes]).stream().pipeThrough(new DecompressionStream("gzip"));
  const buffer = await new Response(stream).arrayBuffer();
  const floats = new Float32Array(buffer, 0, network.num_floats);
  const planes = new Uint8Array(buffer, 4 * network.num_floats); // all low bytes, then all high bytes
  const num = planes.length / 2;
  let float = 0, integer = 0;
  for (const layer of network.layers) {
    if (layer.rows) {
      const { rows, columns } = layer;
      layer.weight = new Float32Array(rows * columns);
      const blocked = layer.op.startsWith("convolve");
      const high = rows / (layer.options.groups ?? 1);
      for (let row = 0; row < rows; row++) {
        const step = floats[float++];
        for (let column = 0; column < columns; column++, integer++) {
          const value = step * (((planes[num + integer] << 24) >> 16) | planes[integer]);
          layer.weight[blocked ? blockedPlace(row, column, high, columns) : row * columns + column] = value;
        }
      }
    }
    if (layer.biases) layer.bias = floats.slice(float, (float += layer.biases));
  }
  return network;
}

// Weights lie in blocks of four rows, column by column; the last block of a group may have fewer.
function blockedPlace(row, column, rows, columns) {
  const within = row % rows;
  const first = within & ~3;
  const height = Math.min(4, rows - first);
  return (row - within + first) * columns + column * height + (within - first);
}

// product (rows, count) = weight (rows, columns), in blocks of four rows, times values (columns, count).
function multiplied(weight, start, rows, columns, values, from, count, product, to) {
  const panel = new Float32Array(4 * columns);
  for (let right = 0; right < count; right += 4) {
    const width = Math.min(4, count - right);
    for (let column = 0; column < columns; column++) {
      for (let i = 0; i < width; i++) panel[4 * column + i] = values[from + column * count + right + i];
    }
    let row = 0;
    for (; row + 4 <= rows && width === 4; row += 4) {
      let a0 = 0, a1 = 0, a2 = 0, a3 = 0, b0 = 0, b1 = 0, b2 = 0, b3 = 0;
      let c0 = 0, c1 = 0, c2 = 0, c3 = 0, d0 = 0, d1 = 0, d2 = 0, d3 = 0;
      let w = start + row * columns;
      for (let p = 0; p < 4 * columns; p += 4, w += 4) {
        const x0 = panel[p], x1 = panel[p + 1], x2 = panel[p + 2], x3 = panel[p + 3];
        const wa = weight[w], wb = weight[w + 1], wc = weight[w + 2], wd = weight[w + 3];
        a0 += wa * x0; a1 += wa * x1; a2 += wa * x2; a3 += wa * x3;
        b0 += wb * x0; b1 += wb * x1; b2 += wb * x2; b3 += wb * x3;
        c0 += wc * x0; c1 += wc * x1; c2 += wc * x2; c3 += wc * x3;
        d0 += wd * x0; d1 += wd * x1; d2 += wd * x2; d3 += wd * x3;
      }
      let place = to + row * count + right;
      product[place] = a0; product[place + 1] = a1; product[place + 2] = a2; product[place + 3] = a3;
      place += count;
      product[place] = b0; product[place + 1] = b1; product[place + 2] = b2; product[place + 3] = b3;
      place += count;
      product[place] = c0; product[place + 1] = c1; product[place + 2] = c2; product[place + 3] = c3;
      place += count;
      product[place] = d0; product[place + 1] = d1; product[place + 2] = d2; product[place + 3] = d3;
    }
    for (; row < rows; row++) {
      const first = row & ~3, height = Math.min(4, rows - first);
      for (let i = 0; i < width; i++) {
        let sum = 0;
        let w = start + first * columns + (row - first);
        for (let column = 0; column < columns; column++, w += height) sum += weight[w] * panel[4 * column + i];
        product[to + row * count + right + i] = sum;
      }
    }
  }
}

// The patches (channels kernel kernel, height width) that a convolution's kernel sees, of some of the channels.
function patches(maps, first, channels, [, high, wide], [, outHigh, outWide], { kernel, stride, padding }) {
  const found = new Float32Array(channels * kernel * kernel * outHigh * outWide);
  let place = 0;
  for (let channel = first; channel < first + channels; channel++) {
    for (let ky = 0; ky < kernel; ky++) {
      for (let kx = 0; kx < kernel; kx++) {
        for (let y = 0; y < outHigh; y++) {
          const row = y * stride + ky - padding;
          for (let x = 0; x < outWide; x++, place++) {
            const column = x * stride + kx - padding;
            if (row < 0 || row >= high || column < 0 || column >= wide) continue;
            found[place] = maps[(channel * high + row) * wide + column];
          }
        }
      }
    }
  }
  return found;
}

// Adds what each input pixel gives, (channels kernel kernel, height width), to the output pixels under its kernel.
function spread(given, result, [channels, outHigh, outWide], [, high, wide], { kernel, stride, padding }) {
  let place = 0;
  for (let channel = 0; channel < channels; channel++) {
    for (let ky = 0; ky < kernel; ky++) {
      for (let kx = 0; kx < kernel; kx++) {
        const left = Math.max(0, Math.ceil((padding - kx) / stride));
        const right = Math.min(wide, Math.floor((outWide - 1 + padding - kx) / stride) + 1);
        for (let y = 0; y < high; y++, place += wide) {
          const row = y * stride + ky - padding;
          if (row < 0 || row >= outHigh) continue;
          let to = (channel * outHigh + row) * outWide + left * stride + kx - padding;
          for (let x = left; x < right; x++, to += stride) result[to] += given[place + x];
        }
      }
    }
  }
}

const OPERATIONS = {
  join: (layer, result, ...parts) => {
    let place = 0;
    for (const part of parts) {
      result.set(part, place);
      place += part.length;
    }
  },
  constant: (layer, result) => result.set(layer.weight),
  linear: ({ weight, columns }, result, values) => {
    for (let row = 0, w = 0; row < result.length; row++) {
      let sum = 0;
      for (let column = 0; column < columns; column++, w++) sum += weight[w] * values[column];
      result[row] = sum;
    }
  },
  convolve: (layer, result, maps) => {
    const { weight, columns, options, before, shape } = layer;
    const { groups, kernel, stride } = options;
    const rows = shape[0] / groups, count = shape[1] * shape[2], channels = before[0] / groups;
    const whole = kernel === 1 && stride === 1;
    for (let group = 0; group < groups; group++) {
      const seen = whole ? maps : patches(maps, group * channels, channels, before, shape, options);
      const from = whole ? group * channels * count : 0;
      multiplied(weight, group * rows * columns, rows, columns, seen, from, count, result, group * rows * count);
    }
  },
  convolve_up: (layer, result, maps) => {
    const { weight, rows, columns, options, before, shape } = layer;
    const count = before[1] * before[2];
    layer.given ??= new Float32Array(rows * count);
    multiplied(weight, 0, rows, columns, maps, 0, count, layer.given, 0);
    result.fill(0);
    spread(layer.given, result, shape, before, options);
  },
  scale: ({ weight }, result, values) => {
    const each = result.length / weight.length;
    for (let i = 0; i < result.length; i++) result[i] = values[i] * weight[Math.floor(i / each)];
  },
  leaky: ({ options: { slope } }, result, values) => {
    for (let i = 0; i < result.length; i++) result[i] = values[i] > 0 ? values[i] : slope * values[i];
  },
  tanh: (layer, result, values) => {
    for (let i = 0; i < result.length; i++) result[i] = Math.tanh(values[i]);
  },
  repeat: ({ shape: [channels, high, wide], options: { times } }, result, values) => {
    for (let row = 0; row < channels * high; row++) {
      const channel = Math.floor(row / high);
      const from = (channel * (high / times) + Math.floor((row % high) / times)) * (wide / times);
      for (let x = 0; x < wide; x++) result[row * wide + x] = values[from + Math.floor(x / times)];
    }
  },
  add: (layer, result, a, b) => {
    const each = a.length / b.length;
    for (let i = 0; i < result.length; i++) result[i] = a[i] + b[Math.floor(i / each)];
  },
  mul: (layer, result, a, b) => {
    const each = a.length / b.length;
    for (let i = 0; i < result.length; i++) result[i] = a[i] * b[Math.floor(i / each)];
  },
};

// Pixels RGBA (S, S, 4) of a latent and, where the network asks for one, a class.
function drawn({ layers, channels, size }, latent, label) {
  for (const layer of layers) {
    const length = layer.shape.reduce((a, b) => a * b);
    layer.result ??= new Float32Array(length);
    if (layer.op === "latent") layer.result.set(latent);
    else if (layer.op === "label") layer.result.fill(0)[label] = 1;
    else {
      const inputs = layer.inputs.map((number) => layers[number]);
      layer.before = inputs[0]?.shape;
      OPERATIONS[layer.op](layer, layer.result, ...inputs.map((input) => input.result));
    }
    if (layer.bias) {
      const each = length / layer.bias.length;
      for (let i = 0, place = 0; i < layer.bias.length; i++) {
        for (let j = 0; j < each; j++) layer.result[place++] += layer.bias[i];
      }
    }
  }
  const image = layers.at(-1).result;
  const pixels = new Uint8ClampedArray(4 * size * size).fill(255);
  for (let i = 0; i < size * size; i++) {
    for (let c = 0; c < 3; c++) pixels[4 * i + c] = (image[(channels === 3 ? c : 0) * size * size + i] + 1) * 127.5;
  }
  return pixels;
}

onmessage = async ({ data }) => {
  if (data.content) networks.set(data.network.name, unpacked(data));
  else {
    try {
      const network = await networks.get(data.name);
      const pixels = drawn(network, data.latent, data.label);
      postMessage({ number: data.number, pixels }, [pixels.buffer]);
    } catch (error) { // such as a browser that cannot unpack gzip
      postMessage({ failed: String(error) });
    }
  }
};
