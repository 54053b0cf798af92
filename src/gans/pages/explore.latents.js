// The latents of a seed, as gans.zoo.latents makes them: Philox4x64-10, and the normal distribution's quantiles.
const WORD = (1n << 64n) - 1n;

// The four words of a block: Salmon et al. 2011, doi:10.1145/2063384.2063405.
function philox(counter, key) {
  let [a, b, c, d] = counter;
  let [k0, k1] = key;
  for (let round = 0; round < 10; round++) {
    const left = 0xd2e7470ee14c6c93n * a, right = 0xca5a826395121157n * c;
    [a, b, c, d] = [(right >> 64n) ^ b ^ k0, right & WORD, (left >> 64n) ^ d ^ k1, left & WORD];
    k0 = (k0 + 0x9e3779b97f4a7c15n) & WORD;
    k1 = (k1 + 0xbb67ae8584caa73bn) & WORD;
  }
  return [a, b, c, d];
}

// The numbers in (0, 1) of which latent number `index` of a seed is made.
function uniforms(seed, index, count) {
  const found = [];
  for (let block = 1n; found.length < count; block++) {
    const words = philox([block, 0n, BigInt(index), 0n], [BigInt(seed), 0n]);
    found.push(...words.map((word) => (Number(word >> 11n) + 0.5) * 2 ** -53));
  }
  return found.slice(0, count);
}

// Polynomials over one another, coefficients from the highest power down.
function ratio(x, above, below) {
  const value = (coefficients) => coefficients.reduce((sum, coefficient) => sum * x + coefficient, 0);
  return value(above) / value(below);
}

// Where the share p of N(0, 1) lies below: Wichura 1988, doi:10.2307/2347330, PPND16.
function quantile(p) {
  const centred = p - 0.5;
  if (Math.abs(centred) <= 0.425) {
    const above = [
      2509.0809287301226727, 33430.575583588128105, 67265.770927008700853, 45921.953931549871457, 13731.693765509461125,
      1971.5909503065514427, 133.14166789178437745, 3.387132872796366608,
    ];
    const below = [
      5226.495278852854561, 28729.085735721942674, 39307.89580009271061, 21213.794301586595867, 5394.1960214247511077,
      687.1870074920579083, 42.313330701600911252, 1,
    ];
    return centred * ratio(0.180625 - centred * centred, above, below);
  }
  const tail = Math.sqrt(-Math.log(Math.min(p, 1 - p)));
  const near = [
    [
      7.7454501427834140764e-4, 0.0227238449892691845833, 0.24178072517745061177, 1.27045825245236838258,
      3.64784832476320460504, 5.7694972214606914055, 4.6303378461565452959, 1.42343711074968357734,
    ],
    [
      1.05075007164441684324e-9, 5.475938084995344946e-4, 0.0151986665636164571966, 0.14810397642748007459,
      0.68976733498510000455, 1.6763848301838038494, 2.05319162663775882187, 1,
    ],
  ];
  const far = [
    [
      2.01033439929228813265e-7, 2.71155556874348757815e-5, 0.0012426609473880784386, 0.026532189526576123093,
      0.29656057182850489123, 1.7848265399172913358, 5.4637849111641143699, 6.6579046435011037772,
    ],
    [
      2.04426310338993978564e-15, 1.4215117583164458887e-7, 1.8463183175100546818e-5, 7.868691311456132591e-4,
      0.0148753612908506148525, 0.13692988092273580531, 0.59983220655588793769, 1,
    ],
  ];
  return Math.sign(centred) * (tail <= 5 ? ratio(tail - 1.6, ...near) : ratio(tail - 5, ...far));
}

function latent(seed, index, nz) {
  return Float32Array.from(uniforms(seed, index, nz), quantile);
}

// The class of a picture where none is asked for: classes are as frequent as in training.
function drawnLabel(seed, index, nz, counts) {
  const place = uniforms(seed, index, nz + 1).at(-1) * counts.reduce((a, b) => a + b);
  let sum = 0;
  return counts.findIndex((count) => (sum += count) >= place);
}
