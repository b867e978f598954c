/**
 * The most bytes that an answer of a node may have; viem's own limit is ten million. Anybody can make a block longer than that: 55 transactions
 * of zeros fill an L2 block of thirty million gas with fourteen. And the state of an embedded chain grows for as long as it lives.
 */
export const largestAnswerBytes = 2 ** 29
