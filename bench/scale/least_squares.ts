/** Takes unit costs out of measured sums. */

/**
 * The factors by which the columns of `terms` come closest to `sums`, each row counted by its relative error, so that a
 * small load weighs as much as a large one.
 */
export function leastSquares(terms: number[][], sums: number[]): number[] {
  const size = terms[0].length;
  const scaled = terms.map((row, at) => row.map((term) => term / sums[at]));
  // The normal equations, with the right side as their last column.
  const matrix = Array.from(
    { length: size },
    (_, i) => [
      ...Array.from({ length: size }, (_, j) => scaled.reduce((sum, row) => sum + row[i] * row[j], 0)),
      scaled.reduce((sum, row) => sum + row[i], 0),
    ],
  );
  for (let pivot = 0; pivot < size; pivot++) {
    if (Math.abs(matrix[pivot][pivot]) < 1e-30) {
      throw new RangeError("Cannot take the costs apart: the loads are multiples of each other");
    }
    for (let row = 0; row < size; row++) {
      if (row === pivot) continue;
      const factor = matrix[row][pivot] / matrix[pivot][pivot];
      matrix[row] = matrix[row].map((value, at) => value - factor * matrix[pivot][at]);
    }
  }
  return matrix.map((row, at) => row[size] / row[at]);
}
