// SPDX-License-Identifier: MIT
pragma solidity 0.8.30;

// A shift of 1 by a count is meant wherever it stands.
// forge-lint: disable-start(incorrect-shift)

import {IBitcoinRelay} from "../interfaces/IBitcoinRelay.sol";
import {IBuriedBlocks} from "../interfaces/IBuriedBlocks.sol";
import {IProvenDays} from "../interfaces/IProvenDays.sol";
import {BitcoinCoinbase} from "../libraries/BitcoinCoinbase.sol";
import {BitcoinHash} from "../libraries/BitcoinHash.sol";
import {BitcoinMedianTime} from "../libraries/BitcoinMedianTime.sol";
import {BitcoinTarget} from "../libraries/BitcoinTarget.sol";
import {Math} from "@openzeppelin/contracts/utils/math/Math.sol";
import {SafeCast} from "@openzeppelin/contracts/utils/math/SafeCast.sol";

/// @title BitcoinRelay
/// @dev Why a day cannot be falsified: its blocks are those of that day on the chain with the most work, and each of them
///      is in exactly one batch on that chain. A batch commits to the Merkle roots of its blocks, and what a group of
///      blocks paid is counted only when coinbases and branches hash to that commitment, once per accumulator. Every block
///      of the day is counted under the same two medians; one of them was stored when the day before was closed, and the
///      other is the lower median exactly if the counts say so.
///
///      Why a day cannot be held up: nothing here depends on who acts, or on the order in which others do. A batch that
///      somebody cut differently serves as well as any other, because the last block of a day ends a batch in all of them.
///      From the best checkpoint one jump leads over each later day, however finely it was cut.
///
///      Assumes that Bitcoin's heaviest chain, 6 blocks deep, is the one that stays, that somebody who has its blocks sends
///      them, and that the genesis checkpoint is in it. The contract does not check transactions: a miner who breaks the rules of
///      the money with valid proof of work is answered by heavier blocks, as for any light client.
contract BitcoinRelay is IBitcoinRelay {
    using SafeCast for uint256;

    uint256 private constant GROUP_BLOCKS = 12;
    uint256 private constant MAX_BATCH_BLOCKS = 252;
    uint256 private constant REORGANISATION_BLOCKS = 2016;
    uint256 private constant CONFIRMATIONS = 6;
    uint256 private constant TIMEWARP_SECONDS = 7200;
    uint256 private constant SECONDS_PER_DAY = 86_400;
    /// @dev 4,000,000 weight, 60 bytes the smallest transaction, 4 weight a byte: 16,666 transactions.
    uint256 private constant MAX_BRANCH = 15;
    uint256 private constant PROOF_HEAD_BYTES = 4;
    uint256 private constant FIRST_SUBSIDY = 50e8;
    /// @dev 21 million bitcoin.
    uint256 private constant ALL_MONEY = 21e14;
    uint256 private constant FEE_CAP_FACTOR = 3;
    uint256 private constant BURIAL_DAYS = 7;
    /// @dev Four times an easier one would not fit a word.
    uint256 private constant EASIEST_RETARGETED = 1 << 253;
    uint32 private constant GENESIS = 1;

    /// @dev All that the walks need, in one word.
    struct Link {
        uint128 chainwork;
        uint32 height;
        uint24 day;
        uint32 parent;
        uint32 dayBefore;
        uint8 blocks;
    }

    /// @dev In four words. The times are packed by `BitcoinMedianTime`.
    struct Stored {
        Link link;
        bytes32 rootsCommitment;
        uint256 olderTimes;
        uint96 newerTimes;
        uint32 bits;
        uint32 epochStart;
    }

    /// @dev In one word.
    struct State {
        uint32 best;
        uint32 last;
        uint24 nextDay;
        uint128 previousMedianFee;
    }

    /// @dev Where the chain stands while a batch is followed.
    struct Tip {
        bytes32 hash;
        uint256 chainwork;
        uint256 bits;
        uint256 epochStart;
        uint256 medianTime;
        uint256 laterTimes;
        uint256 midnight;
        uint256 latestTime;
        uint256 timewarpFrom;
    }

    /// @dev What the blocks of a group are counted by.
    struct Measure {
        uint256 height;
        uint256 blocks;
        uint256 medianFee;
        uint256 feeCap;
    }

    uint256 private immutable POW_LIMIT;
    bool private immutable NO_RETARGET;
    uint256 private immutable HALVING_INTERVAL;
    uint256 private immutable MAX_SECONDS_AHEAD;

    /// @inheritdoc IBitcoinRelay
    address public immutable rewardIndex;

    /// @inheritdoc IBitcoinRelay
    uint32 public immutable network;

    /// @inheritdoc IBitcoinRelay
    bytes32 public best;

    State private _state;
    mapping(bytes32 hash => uint32) private _numberOf;
    mapping(uint32 number => Stored) private _checkpoints;
    mapping(
        uint32 number => mapping(uint128 medianFee => mapping(uint128 previousMedianFee => Accumulator))
    ) private _accumulators;

    constructor(Parameters memory parameters) {
        uint256 limit = BitcoinTarget.fromBits(parameters.powLimitBits);
        require(
            limit > 0 && (parameters.noRetarget || limit < EASIEST_RETARGETED),
            PowLimitOutOfRange(parameters.powLimitBits)
        );
        require(parameters.halvingInterval > 0, HalvingIntervalZero());

        POW_LIMIT = limit;
        NO_RETARGET = parameters.noRetarget;
        HALVING_INTERVAL = parameters.halvingInterval;
        MAX_SECONDS_AHEAD = parameters.maxSecondsAhead;
        rewardIndex = parameters.rewardIndex;
        network = parameters.network;
        _addGenesis(parameters.genesis, parameters);
    }

    /* HEADERS */

    /// @inheritdoc IBitcoinRelay
    function addHeaders(bytes32 parent, bytes calldata headers) external {
        uint256 maxLength = MAX_BATCH_BLOCKS * BitcoinHash.HEADER_BYTES;
        require(
            headers.length > 0 && headers.length <= maxLength
                && headers.length % BitcoinHash.HEADER_BYTES == 0,
            HeadersMalformed(headers.length, maxLength)
        );
        uint32 parentNumber = _numberOfKnown(parent);
        State memory state = _state;
        Link memory bestLink = _checkpoints[state.best].link;
        Stored memory below = _checkpoints[parentNumber];
        require(
            below.link.height + REORGANISATION_BLOCKS >= bestLink.height,
            CheckpointTooDeep(below.link.height, Math.saturatingSub(bestLink.height, REORGANISATION_BLOCKS))
        );

        (Tip memory tip, Stored memory added) =
            _follow(parent, below, headers, block.timestamp + MAX_SECONDS_AHEAD);
        bytes32 hash = tip.hash;
        require(_numberOf[hash] == 0, CheckpointKnown(hash));
        added.link.parent = parentNumber;
        added.link.dayBefore = added.link.day > below.link.day ? parentNumber : below.link.dayBefore;

        state.last++;
        _numberOf[hash] = state.last;
        _checkpoints[state.last] = added;
        if (tip.timewarpFrom != 0) emit TimewarpSeen(added.epochStart, tip.timewarpFrom);
        emit CheckpointAdded(
            hash, parent, state.last, added.link.height, added.link.day, added.link.chainwork
        );
        if (added.link.chainwork > bestLink.chainwork) {
            emit BestChanged(hash, best);
            state.best = state.last;
            best = hash;
        }
        _state = state;
    }

    /* COINBASES */

    /// @inheritdoc IBitcoinRelay
    function proveCoinbases(
        bytes32 checkpoint,
        uint256 group,
        uint128 medianFee,
        uint128 previousMedianFee,
        bytes32[] calldata otherGroupHashes,
        bytes calldata proofs
    ) external {
        uint32 number = _numberOfKnown(checkpoint);
        Accumulator memory sum = _accumulators[number][medianFee][previousMedianFee];
        require(sum.groups & (1 << group) == 0, GroupAlreadyProven(checkpoint, group));
        Measure memory measure = _measureOf(_checkpoints[number].link, group, otherGroupHashes.length);
        measure.medianFee = medianFee;
        measure.feeCap = FEE_CAP_FACTOR * Math.max(medianFee, previousMedianFee);

        bytes32 groupHash = _count(proofs, measure, sum);
        _requireCommitted(number, group, groupHash, otherGroupHashes);
        // Safe because a batch has 21 groups at most.
        // forge-lint: disable-next-line(unsafe-typecast)
        sum.groups |= uint32(1 << group);
        _accumulators[number][medianFee][previousMedianFee] = sum;

        emit GroupProven(checkpoint, group, medianFee, previousMedianFee, sum);
    }

    /* DAYS */

    /// @inheritdoc IBitcoinRelay
    function closeDay(uint24 day, bytes32 lastCheckpoint, uint128 medianFee) external {
        State memory state = _state;
        require(day == state.nextDay, WrongDay(day, state.nextDay));
        Link memory bestLink = _checkpoints[state.best].link;
        require(bestLink.day > day, DayNotOver(day, bestLink.day));
        uint32 number = _lastUntil(day, bestLink);
        require(_numberOf[lastCheckpoint] == number, NotLastCheckpoint(lastCheckpoint));
        Link memory last = _checkpoints[number].link;
        uint256 confirmations = bestLink.height - last.height;
        require(confirmations >= CONFIRMATIONS, TooFewConfirmations(confirmations, CONFIRMATIONS));

        if (last.day < day) {
            _closeEmpty(day, lastCheckpoint);
            return;
        }
        Link memory before = _checkpoints[last.dayBefore].link;
        IProvenDays.Totals memory totals = _totalsOf(number, last, before, medianFee, state.previousMedianFee);
        totals.lastBlockHash = lastCheckpoint;
        _state.nextDay = day + 1;
        _state.previousMedianFee = medianFee;

        emit DayClosed(day, lastCheckpoint, last.height - before.height);
        IProvenDays(rewardIndex).prove(network, day, totals);
    }

    /* VIEWS */

    /// @inheritdoc IBitcoinRelay
    function nextDay() external view returns (uint24) {
        return _state.nextDay;
    }

    /// @inheritdoc IBitcoinRelay
    function lastMedianFee() external view returns (uint128) {
        return _state.previousMedianFee;
    }

    /// @inheritdoc IBitcoinRelay
    function checkpointOf(bytes32 hash) external view returns (Checkpoint memory) {
        uint32 number = _numberOfKnown(hash);
        Stored memory stored = _checkpoints[number];
        Link memory link = stored.link;
        return Checkpoint({
            number: number,
            parent: link.parent,
            dayBefore: link.dayBefore,
            height: link.height,
            day: link.day,
            blocks: link.blocks,
            chainwork: link.chainwork,
            bits: stored.bits,
            epochStart: stored.epochStart,
            times: _narrow(BitcoinMedianTime.unpack(stored.olderTimes, stored.newerTimes, 0)),
            rootsCommitment: stored.rootsCommitment
        });
    }

    /// @inheritdoc IBitcoinRelay
    function accumulatorOf(bytes32 checkpoint, uint128 medianFee, uint128 previousMedianFee)
        external
        view
        returns (Accumulator memory)
    {
        return _accumulators[_numberOfKnown(checkpoint)][medianFee][previousMedianFee];
    }

    /// @inheritdoc IBitcoinRelay
    function subsidyAt(uint256 height) public view returns (uint256) {
        return FIRST_SUBSIDY >> (height / HALVING_INTERVAL);
    }

    /// @inheritdoc IBuriedBlocks
    /// @dev What it costs to lie: the checkpoint is on the best chain and of the days before `day`, so its difficulty is
    ///      what others paid then. No header is later than a week after the day, so an epoch of which these headers are
    ///      the last is shown as 22 days long, and the next one is two thirds as hard: at the worst place, above a checkpoint that
    ///      ends both the day and all but one block of an epoch, six headers cost as much as four. The walk down to the
    ///      checkpoint takes one step for each day since.
    function isBuried(bytes32 blockHash, bytes calldata headers, uint24 day) external view returns (bool) {
        require(headers.length >= 32, BurialMalformed(32, headers.length));
        // Safe because there are 32 bytes at least.
        // forge-lint: disable-next-line(unsafe-typecast)
        bytes32 hash = bytes32(headers);
        Stored memory last = _checkpoints[_numberOfKnown(hash)];
        uint256 firstDay = Math.saturatingSub(day, BURIAL_DAYS);
        require(last.link.day >= firstDay, CheckpointTooEarly(last.link.day, firstDay));
        require(_isOnBest(hash, last.link), CheckpointNotOnBest(hash));
        uint256 endOfWeek = (uint256(day) + 1 + BURIAL_DAYS) * SECONDS_PER_DAY;
        uint256 latestTime = Math.min(block.timestamp + MAX_SECONDS_AHEAD, endOfWeek);

        uint256 cursor = 32;
        while (hash != blockHash && cursor < headers.length) {
            (hash, last, cursor) = _followNext(hash, last, headers, cursor, latestTime);
        }
        if (hash != blockHash || last.link.day != day || cursor == headers.length) return false;
        uint256 height = last.link.height;
        (hash, last, cursor) = _followNext(hash, last, headers, cursor, latestTime);
        if (last.link.day == day) return false;
        while (cursor < headers.length) {
            (hash, last, cursor) = _followNext(hash, last, headers, cursor, latestTime);
        }
        return last.link.height - height >= CONFIRMATIONS;
    }

    /* INTERNALS OF HEADERS */

    function _addGenesis(Genesis memory genesis, Parameters memory parameters) private {
        uint256 target = BitcoinTarget.fromBits(genesis.bits);
        // No other form, because `isMetBy` and the comparison with a header's bits rely on this one.
        require(
            target >= 1 << 16 && target <= POW_LIMIT && BitcoinTarget.toBits(target) == genesis.bits,
            GenesisBitsOutOfRange(genesis.bits, parameters.powLimitBits)
        );
        uint256[] memory times = new uint256[](BitcoinMedianTime.SPAN);
        for (uint256 i = 0; i < BitcoinMedianTime.SPAN; i++) {
            times[i] = genesis.times[i];
        }
        (uint256 medianTime,) = BitcoinMedianTime.start(times);
        uint24 day = (medianTime / SECONDS_PER_DAY).toUint24();
        require(day < parameters.firstDay, GenesisNotBeforeFirstDay(day, parameters.firstDay));

        Stored storage stored = _checkpoints[GENESIS];
        stored.link = Link(genesis.chainwork, genesis.height, day, 0, 0, 0);
        (stored.olderTimes, stored.newerTimes) = BitcoinMedianTime.pack(times);
        stored.bits = genesis.bits;
        stored.epochStart = genesis.epochStart;
        _numberOf[genesis.hash] = GENESIS;
        _state = State(GENESIS, GENESIS, parameters.firstDay, 0);
        best = genesis.hash;

        emit CheckpointAdded(genesis.hash, 0, GENESIS, genesis.height, day, genesis.chainwork);
        emit BestChanged(genesis.hash, 0);
    }

    /// @param latestTime Of a header.
    /// @return tip Its hash is that of the last header, printed.
    /// @return added Without its place in the tree.
    function _follow(bytes32 parent, Stored memory below, bytes calldata headers, uint256 latestTime)
        private
        view
        returns (Tip memory tip, Stored memory added)
    {
        uint256 blocks = headers.length / BitcoinHash.HEADER_BYTES;
        // The eleven times of the checkpoint, then those of the headers.
        uint256[] memory times = BitcoinMedianTime.unpack(below.olderTimes, below.newerTimes, blocks);
        bytes32[] memory roots = new bytes32[](blocks);
        tip.hash = BitcoinHash.printed(parent);
        tip.chainwork = below.link.chainwork;
        tip.bits = below.bits;
        tip.epochStart = below.epochStart;
        tip.latestTime = latestTime;
        (tip.medianTime, tip.laterTimes) = BitcoinMedianTime.start(times);
        uint256 epochAt =
            BitcoinTarget.BLOCKS_PER_EPOCH - 1 - below.link.height % BitcoinTarget.BLOCKS_PER_EPOCH;
        if (epochAt < blocks) {
            _followFrom(0, epochAt, tip, headers, times, roots);
            _startEpoch(tip, headers, epochAt, times);
            _followFrom(epochAt, blocks, tip, headers, times, roots);
        } else {
            _followFrom(0, blocks, tip, headers, times, roots);
        }

        tip.hash = BitcoinHash.printed(tip.hash);
        added.link.chainwork = tip.chainwork.toUint128();
        // Safe because a batch has 252 blocks at most.
        // forge-lint: disable-next-line(unsafe-typecast)
        added.link.height = below.link.height + uint32(blocks);
        added.link.day = (tip.midnight / SECONDS_PER_DAY - 1).toUint24();
        // forge-lint: disable-next-line(unsafe-typecast)
        added.link.blocks = uint8(blocks);
        added.rootsCommitment = _commitmentTo(roots);
        (added.olderTimes, added.newerTimes) = BitcoinMedianTime.pack(times);
        added.bits = uint32(tip.bits);
        added.epochStart = uint32(tip.epochStart);
    }

    /// @dev One batch of those that `isBuried` is given.
    function _followNext(
        bytes32 parent,
        Stored memory below,
        bytes calldata headers,
        uint256 cursor,
        uint256 latestTime
    ) private view returns (bytes32 hash, Stored memory added, uint256 end) {
        uint256 start = cursor + 1;
        end = start + uint8(headers[cursor]) * BitcoinHash.HEADER_BYTES;
        require(end > start && end <= headers.length, BurialMalformed(end, headers.length));
        Tip memory tip;
        (tip, added) = _follow(parent, below, headers[start:end], latestTime);
        return (tip.hash, added, end);
    }

    /// @dev The loop that every header pays for, over those of one difficulty epoch. It does not say `require`, which would
    ///      evaluate the arguments of its error for each of them: 100 gas.
    /// @param times The eleven before the first header; receives those of the headers behind them.
    /// @param roots Receives the headers' Merkle roots.
    function _followFrom(
        uint256 from,
        uint256 to,
        Tip memory tip,
        bytes calldata headers,
        uint256[] memory times,
        bytes32[] memory roots
    ) private view {
        tip.chainwork += BitcoinTarget.workOf(BitcoinTarget.fromBits(tip.bits)) * (to - from);
        (bytes32 hash, uint256 medianTime, uint256 later) = (tip.hash, tip.medianTime, tip.laterTimes);
        for (uint256 i = from; i < to; i++) {
            uint256 time;
            uint256 bits;
            (hash, time, bits) = BitcoinHash.ofHeader(headers, i, hash, roots);
            if (bits != tip.bits) revert WrongBits(i, bits, tip.bits);
            if (time <= medianTime) revert TimeTooEarly(i, time, medianTime);
            if (time > tip.latestTime) revert TimeTooLate(i, time, tip.latestTime);
            if (!BitcoinTarget.isMetBy(bits, hash)) revert NotEnoughWork(i, hash, bits);

            (medianTime, later) =
                BitcoinMedianTime.move(medianTime, later, BitcoinMedianTime.exchange(times, i, time), time);
            if (medianTime >= tip.midnight) _startDay(tip, i, medianTime);
        }
        (tip.hash, tip.medianTime, tip.laterTimes) = (hash, medianTime, later);
    }

    /// @dev Only the first header of a batch begins a day.
    function _startDay(Tip memory tip, uint256 position, uint256 medianTime) private pure {
        require(position == 0, CrossesMidnight(position, medianTime, tip.midnight));

        tip.midnight = medianTime - medianTime % SECONDS_PER_DAY + SECONDS_PER_DAY;
    }

    /// @dev The header at `position` begins a difficulty epoch. It is followed afterwards.
    function _startEpoch(Tip memory tip, bytes calldata headers, uint256 position, uint256[] memory times)
        private
        view
    {
        (uint256 time,) = BitcoinHash.timeAndBits(headers, position);
        uint256 previousTime = times[position + BitcoinMedianTime.SPAN - 1];
        if (!NO_RETARGET) {
            uint256 target = BitcoinTarget.fromBits(tip.bits);
            tip.bits = BitcoinTarget.afterEpoch(target, tip.epochStart, previousTime, POW_LIMIT);
        }
        tip.epochStart = time;

        if (time + TIMEWARP_SECONDS < previousTime) tip.timewarpFrom = previousTime;
    }

    function _commitmentTo(bytes32[] memory roots) private pure returns (bytes32) {
        uint256 groups = _groupsOf(roots.length);
        bytes32[] memory groupHashes = new bytes32[](groups);
        // Safe because a batch has 252 blocks at most.
        unchecked {
            for (uint256 i = 0; i < groups; i++) {
                uint256 from = i * GROUP_BLOCKS;
                uint256 left = roots.length - from;
                groupHashes[i] = _hashOfWords(roots, from, left < GROUP_BLOCKS ? left : GROUP_BLOCKS);
            }
        }
        return _hashOfWords(groupHashes, 0, groups);
    }

    function _groupsOf(uint256 blocks) private pure returns (uint256) {
        return (blocks + GROUP_BLOCKS - 1) / GROUP_BLOCKS;
    }

    /// @dev keccak256 of words that stand in memory already. `from + count` is at most their number.
    function _hashOfWords(bytes32[] memory words, uint256 from, uint256 count)
        private
        pure
        returns (bytes32 hash)
    {
        assembly ("memory-safe") {
            hash := keccak256(add(add(words, 32), shl(5, from)), shl(5, count))
        }
    }

    /* INTERNALS OF COINBASES */

    function _measureOf(Link memory link, uint256 group, uint256 otherGroups)
        private
        pure
        returns (Measure memory measure)
    {
        uint256 groups = _groupsOf(link.blocks);
        require(group < groups, NoSuchGroup(group, groups));
        require(otherGroups == groups - 1, WrongGroupHashCount(otherGroups, groups - 1));

        uint256 below = group * GROUP_BLOCKS;
        measure.blocks = Math.min(GROUP_BLOCKS, link.blocks - below);
        measure.height = uint256(link.height) - link.blocks + 1 + below;
    }

    /// @dev Adds the group's blocks to `sum`.
    /// @return The hash of the group that the proofs make.
    function _count(bytes calldata proofs, Measure memory measure, Accumulator memory sum)
        private
        view
        returns (bytes32)
    {
        bytes32[] memory roots = new bytes32[](measure.blocks);
        uint256 cursor = 0;
        for (uint256 i = 0; i < measure.blocks; i++) {
            uint256 paid;
            (roots[i], paid, cursor) = _read(proofs, cursor, measure.height + i, i);
            _countBlock(sum, measure, paid, subsidyAt(measure.height + i), i);
        }
        require(cursor == proofs.length, ProofsMalformed(cursor, proofs.length));
        return _hashOfWords(roots, 0, roots.length);
    }

    function _read(bytes calldata proofs, uint256 cursor, uint256 height, uint256 position)
        private
        view
        returns (bytes32 root, uint256 paid, uint256 end)
    {
        uint256 branchAt = cursor + PROOF_HEAD_BYTES;
        require(branchAt <= proofs.length, ProofsMalformed(branchAt, proofs.length));
        uint256 head = uint32(bytes4(proofs[cursor:branchAt]));
        uint256 depth = head & 0xff;
        require(depth <= MAX_BRANCH, BranchTooLong(position, depth, MAX_BRANCH));
        cursor = branchAt;
        branchAt += head >> 8;
        end = branchAt + depth * 32;
        require(end <= proofs.length, ProofsMalformed(end, proofs.length));

        bytes calldata coinbase = proofs[cursor:branchAt];
        paid = BitcoinCoinbase.paidOf(coinbase, height, position);
        root = BitcoinHash.leftmostRoot(coinbase, proofs[branchAt:end]);
    }

    function _countBlock(
        Accumulator memory sum,
        Measure memory measure,
        uint256 paid,
        uint256 schedule,
        uint256 position
    ) private pure {
        require(paid <= schedule + ALL_MONEY, PaidTooMuch(position, paid, schedule + ALL_MONEY));

        uint256 fees = paid > schedule ? paid - schedule : 0;
        uint256 capped = measure.feeCap == 0 ? fees : Math.min(fees, measure.feeCap);
        // Safe because 252 blocks pay less than 252 * (21e14 + 50e8) < 2^59.
        // forge-lint: disable-start(unsafe-typecast)
        unchecked {
            sum.subsidy += uint64(paid - fees);
            sum.fees += uint64(fees);
            sum.cappedFees += uint64(capped);
            if (fees < measure.medianFee) sum.below += 1;
            if (fees == measure.medianFee) sum.at += 1;
        }
        // forge-lint: disable-end(unsafe-typecast)
    }

    function _requireCommitted(
        uint32 number,
        uint256 group,
        bytes32 groupHash,
        bytes32[] calldata otherGroupHashes
    ) private view {
        bytes32[] memory groupHashes = new bytes32[](otherGroupHashes.length + 1);
        for (uint256 i = 0; i < groupHashes.length; i++) {
            if (i == group) groupHashes[i] = groupHash;
            else groupHashes[i] = otherGroupHashes[i < group ? i : i - 1];
        }
        bytes32 given = _hashOfWords(groupHashes, 0, groupHashes.length);
        bytes32 committed = _checkpoints[number].rootsCommitment;
        require(given == committed, RootsNotCommitted(given, committed));
    }

    /* INTERNALS OF DAYS */

    function _closeEmpty(uint24 day, bytes32 lastCheckpoint) private {
        _state.nextDay = day + 1;

        emit DayClosed(day, lastCheckpoint, 0);
        IProvenDays(rewardIndex).proveEmpty(network, day);
    }

    function _isOnBest(bytes32 hash, Link memory link) private view returns (bool) {
        uint32 number = _state.best;
        Link memory at = _checkpoints[number].link;
        if (at.day > link.day) {
            number = _lastUntil(link.day, at);
            at = _checkpoints[number].link;
        }
        while (at.height > link.height) {
            number = at.parent;
            at = _checkpoints[number].link;
        }
        return _numberOf[hash] == number;
    }

    /// @dev The last checkpoint on the way down from `link`, which is of a later day, that is of the day or an earlier one. The
    ///      genesis checkpoint is earlier than every day that is closed.
    function _lastUntil(uint24 day, Link memory link) private view returns (uint32 number) {
        do {
            number = link.dayBefore;
            link = _checkpoints[number].link;
        } while (link.day > day);
    }

    /// @dev Of the checkpoints from `last` down to the one above `before`, all of one day.
    function _totalsOf(
        uint32 number,
        Link memory last,
        Link memory before,
        uint128 medianFee,
        uint128 previous
    ) private view returns (IProvenDays.Totals memory totals) {
        totals.lastHeight = last.height;
        totals.work = last.chainwork - before.chainwork;
        totals.medianFee = medianFee;
        uint256 below = 0;
        uint256 at = 0;
        for (Link memory link = last; number != last.dayBefore; number = link.parent) {
            link = _checkpoints[number].link;
            Accumulator memory sum = _accumulators[number][medianFee][previous];
            uint256 required = (1 << _groupsOf(link.blocks)) - 1;
            require(sum.groups == required, GroupsMissing(number, sum.groups, required));
            totals.subsidy += sum.subsidy;
            totals.fees += sum.fees;
            totals.cappedFees += sum.cappedFees;
            below += sum.below;
            at += sum.at;
        }
        uint256 blocks = last.height - before.height;
        uint256 middle = (blocks - 1) / 2;
        require(below <= middle && middle < below + at, WrongMedian(medianFee, below, at, blocks));
    }

    function _numberOfKnown(bytes32 hash) private view returns (uint32 number) {
        number = _numberOf[hash];
        require(number != 0, UnknownCheckpoint(hash));
    }

    function _narrow(uint256[] memory times) private pure returns (uint32[11] memory narrowed) {
        for (uint256 i = 0; i < BitcoinMedianTime.SPAN; i++) {
            narrowed[i] = times[i].toUint32();
        }
    }
}
