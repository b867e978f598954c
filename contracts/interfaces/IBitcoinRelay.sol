// SPDX-License-Identifier: MIT
pragma solidity 0.8.30;

import {IBuriedBlocks} from "./IBuriedBlocks.sol";

/// @notice A Bitcoin chain as a light client of it sees it, and what its miners paid themselves, day by day.
/// @dev Anyone may send anything here; proof of work and Merkle roots are the authority. Hashes of blocks are in the order in
///      which explorers print them, Merkle roots and branches in wire order. A day is a UTC day number; a block belongs to
///      the day of its median time past, the median of its own time and those of its ten predecessors.
///
///      1. `addHeaders`: a batch of headers of one day hangs on a checkpoint, and its last block becomes one.
///      2. `proveCoinbases`: for a group of up to 12 blocks of a batch, what each coinbase paid.
///      3. `closeDay`: when 6 blocks and a later day are above a day's last block, and all its groups are proven, the
///         totals go to the reward index.
///
///      `isBuried` takes the hash of a checkpoint (32 bytes) and then one or more batches, each as its number of blocks
///      (1 byte) and the headers as `addHeaders` takes them. Each batch is of one day, and the block in question ends one. The
///      checkpoint is on the best chain, of `day` or one of the 7 days before it, and no header is later than the
///      end of the 7th day after it. What cannot be followed reverts, as in `addHeaders`.
interface IBitcoinRelay is IBuriedBlocks {
    /// @param rewardIndex Receives the days; this relay is the prover of `network` there.
    /// @param network Its number there.
    /// @param firstDay The first day that will be closed. The genesis checkpoint lies in an earlier one.
    /// @param powLimitBits The easiest target, compact. Below 2^253 unless the difficulty never changes.
    /// @param noRetarget Whether all blocks have the bits of the genesis checkpoint, as in regtest.
    /// @param halvingInterval Blocks after which the subsidy halves: 210,000.
    /// @param maxSecondsAhead How far a block's time may be ahead of this chain's: 7,200. More where days are simulated
    ///        faster than they pass.
    /// @param genesis The block that the chain is trusted to contain.
    struct Parameters {
        address rewardIndex;
        uint32 network;
        uint24 firstDay;
        uint32 powLimitBits;
        bool noRetarget;
        uint32 halvingInterval;
        uint32 maxSecondsAhead;
        Genesis genesis;
    }

    /// @param hash Printed order.
    /// @param chainwork Up to and including this block.
    /// @param bits Its own, compact.
    /// @param epochStart Time of the first block of its difficulty epoch.
    /// @param times Of the block and its ten predecessors, oldest first. Before a chain's first block: 0, then five times 0
    ///        and 2^32 - 1; a block with one to ten predecessors has as many of these at its beginning as are missing,
    ///        the earlier ones left out.
    struct Genesis {
        bytes32 hash;
        uint32 height;
        uint128 chainwork;
        uint32 bits;
        uint32 epochStart;
        uint32[11] times;
    }

    /// @notice The last block of a batch, and the batch.
    /// @param number Checkpoints are numbered from 1, the genesis, in the order in which they came.
    /// @param parent Number of the checkpoint that the batch hangs on.
    /// @param dayBefore Number of the last checkpoint of an earlier day below this one.
    /// @param blocks In the batch.
    /// @param times As in `Genesis`.
    /// @param rootsCommitment keccak256 of the concatenated hashes of its groups. The hash of a group is keccak256 of the
    ///        concatenated Merkle roots of its blocks, 12 to a group, the rest in the last.
    struct Checkpoint {
        uint32 number;
        uint32 parent;
        uint32 dayBefore;
        uint32 height;
        uint24 day;
        uint8 blocks;
        uint128 chainwork;
        uint32 bits;
        uint32 epochStart;
        uint32[11] times;
        bytes32 rootsCommitment;
    }

    /// @notice What is proven of a checkpoint's blocks under one pair of claimed medians.
    /// @param groups Bit g is set when group g is proven.
    /// @param below Blocks whose fees are below the claimed median of the day.
    /// @param at Blocks whose fees equal it.
    /// @param subsidy Satoshi: per block the smaller of what its coinbase paid and the schedule.
    /// @param fees Satoshi: the rest of what the coinbases paid.
    /// @param cappedFees Satoshi: per block at most three times the larger of the two medians; no cap where that is 0.
    struct Accumulator {
        uint32 groups;
        uint16 below;
        uint16 at;
        uint64 subsidy;
        uint64 fees;
        uint64 cappedFees;
    }

    event CheckpointAdded(
        bytes32 indexed hash,
        bytes32 indexed parent,
        uint32 number,
        uint32 height,
        uint24 indexed day,
        uint256 chainwork
    );

    /// @notice The heaviest checkpoint changed. When the new one does not hang on the old one, the chain was reorganised.
    event BestChanged(bytes32 indexed best, bytes32 indexed before);

    /// @notice A difficulty epoch begins more than 7,200 seconds before the block below it, which BIP 54 would forbid.
    event TimewarpSeen(uint256 time, uint256 previousTime);

    event GroupProven(
        bytes32 indexed checkpoint,
        uint256 indexed group,
        uint128 medianFee,
        uint128 previousMedianFee,
        Accumulator accumulator
    );

    event DayClosed(uint24 indexed day, bytes32 indexed lastCheckpoint, uint32 blocks);

    error PowLimitOutOfRange(uint32 bits);
    error GenesisBitsOutOfRange(uint32 bits, uint32 powLimitBits);
    error GenesisNotBeforeFirstDay(uint24 genesisDay, uint24 firstDay);
    error HalvingIntervalZero();

    /// @notice No batch ended with this block. Send the headers up to it first, or take another.
    error UnknownCheckpoint(bytes32 hash);
    /// @notice Headers are 48 bytes each, 1 to 252 of them in a batch.
    error HeadersMalformed(uint256 length, uint256 maxLength);
    /// @notice The checkpoint is more than 2,016 blocks below the best one.
    error CheckpointTooDeep(uint256 height, uint256 lowest);
    /// @notice There is a checkpoint at this block already: somebody sent it before.
    error CheckpointKnown(bytes32 hash);
    error WrongBits(uint256 position, uint256 given, uint256 expected);
    /// @notice A block's time is after the median of the eleven before it.
    error TimeTooEarly(uint256 position, uint256 time, uint256 medianBefore);
    /// @notice A block's time is at most `maxSecondsAhead`, two hours, ahead of this chain's.
    error TimeTooLate(uint256 position, uint256 time, uint256 latest);
    /// @notice The hash is above the target: another header, or it does not stand on the one before it.
    /// @param hash In wire order.
    error NotEnoughWork(uint256 position, bytes32 hash, uint256 bits);
    /// @notice The batch must end before this block, whose median time is in the next day.
    error CrossesMidnight(uint256 position, uint256 medianTime, uint256 midnight);

    /// @notice What `isBuried` was given is no hash and batches, or a batch of it is empty or cut off.
    error BurialMalformed(uint256 end, uint256 length);
    /// @notice Nobody can be sure of the difficulty so long after this checkpoint. Start at a later one.
    error CheckpointTooEarly(uint256 day, uint256 firstDay);
    /// @notice Start at a checkpoint below the block where the branch left the best chain.
    error CheckpointNotOnBest(bytes32 checkpoint);

    error NoSuchGroup(uint256 given, uint256 groups);
    error GroupAlreadyProven(bytes32 checkpoint, uint256 group);
    error WrongGroupHashCount(uint256 given, uint256 required);
    /// @notice The proofs end before those of the group do, or after.
    error ProofsMalformed(uint256 end, uint256 length);
    /// @notice No block of valid size has a tree as deep.
    error BranchTooLong(uint256 position, uint256 given, uint256 max);
    /// @notice 64 bytes could be a node of the Merkle tree.
    error CoinbaseTooShort(uint256 position, uint256 length, uint256 min);
    error NotACoinbase(uint256 position);
    /// @notice The coinbase's script does not begin with the height of the header.
    error HeightMissing(uint256 position, uint256 height);
    /// @notice Cut off, with bytes behind its end, or with a length that is not in its shortest form.
    error CoinbaseMalformed(uint256 position, uint256 cursor);
    /// @notice More than all there will ever be.
    error PaidTooMuch(uint256 position, uint256 paid, uint256 max);
    /// @notice A coinbase or a branch is not of its block, or another group's hash is wrong.
    error RootsNotCommitted(bytes32 given, bytes32 committed);

    /// @notice Days are closed one after the other, each once.
    error WrongDay(uint24 given, uint24 expected);
    /// @notice No block of a later day is on the best chain.
    error DayNotOver(uint24 day, uint24 bestDay);
    /// @notice The best chain's last checkpoint of the day, or of an earlier one when the day has no block, is another.
    error NotLastCheckpoint(bytes32 given);
    error TooFewConfirmations(uint256 given, uint256 required);
    /// @notice Groups of this checkpoint are not proven under these medians.
    error GroupsMissing(uint32 checkpoint, uint256 proven, uint256 required);
    /// @notice The lower median of n fees has at most (n - 1) / 2 of them below it, and more with those equal to it.
    error WrongMedian(uint128 given, uint256 below, uint256 at, uint256 blocks);

    /// @notice Adds a batch of blocks of one day on top of a checkpoint, and makes its last block a checkpoint. The heaviest
    ///         one is the best; of equals the first stays.
    /// @param headers 48 bytes each, as on the wire but without the previous block's hash, which is implied:
    ///        version ‖ Merkle root ‖ time ‖ bits ‖ nonce.
    function addHeaders(bytes32 parent, bytes calldata headers) external;

    /// @notice Counts what the coinbases of one group paid, under claimed medians. A wrong claim hinders nobody: it has an
    ///         accumulator of its own, with which no day can be closed.
    /// @param group From 0: blocks 12 · group + 1 and following of the batch.
    /// @param medianFee Lower median of the fees of a block over the whole day.
    /// @param previousMedianFee That of the day closed before, see there.
    /// @param otherGroupHashes Of all groups of the batch but this, in order.
    /// @param proofs Per block, in order: length of the coinbase (3 bytes, big-endian) ‖ length of the branch in hashes
    ///        (1 byte) ‖ coinbase without witnesses ‖ left-most branch, lowest first.
    function proveCoinbases(
        bytes32 checkpoint,
        uint256 group,
        uint128 medianFee,
        uint128 previousMedianFee,
        bytes32[] calldata otherGroupHashes,
        bytes calldata proofs
    ) external;

    /// @notice Writes the next day's totals to the reward index.
    /// @param lastCheckpoint The best chain's last checkpoint of the day; when no block belongs to the day, the last one
    ///        before it.
    /// @param medianFee The claim under which all of the day's groups are proven; ignored when no block belongs to it.
    function closeDay(uint24 day, bytes32 lastCheckpoint, uint128 medianFee) external;

    function rewardIndex() external view returns (address);

    function network() external view returns (uint32);

    /// @notice Hash of the heaviest checkpoint.
    function best() external view returns (bytes32);

    /// @notice The day to be closed next.
    function nextDay() external view returns (uint24);

    /// @notice Lower median of the fees of a block over the last closed day that had any block; 0 before the first.
    function lastMedianFee() external view returns (uint128);

    function checkpointOf(bytes32 hash) external view returns (Checkpoint memory);

    function accumulatorOf(bytes32 checkpoint, uint128 medianFee, uint128 previousMedianFee)
        external
        view
        returns (Accumulator memory);

    /// @notice Satoshi that the schedule grants a block.
    function subsidyAt(uint256 height) external view returns (uint256);
}
