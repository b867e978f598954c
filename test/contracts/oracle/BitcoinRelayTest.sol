// SPDX-License-Identifier: MIT
pragma solidity 0.8.30;

// Casts in this file are of bounded or literal values.
// forge-lint: disable-start(unsafe-typecast)

import {IBitcoinRelay} from "../../../contracts/interfaces/IBitcoinRelay.sol";
import {IRewardIndex} from "../../../contracts/interfaces/IRewardIndex.sol";
import {BitcoinRelay} from "../../../contracts/oracle/BitcoinRelay.sol";
import {ProvenDaysRecorder} from "../mocks/ProvenDaysRecorder.sol";
import {Test} from "forge-std/Test.sol";

/// @notice Mines a chain of its own, with the easiest target there is, and deploys a relay at its beginning. It shares no
///         line with the relay: bytes are put together here and taken apart there.
abstract contract BitcoinRelayTest is Test {
    uint24 internal constant FIRST_DAY = 20_000;
    uint32 internal constant BTC = 1;
    uint32 internal constant GENESIS_HEIGHT = 840_500;
    uint32 internal constant HALVING = 210_000;
    uint256 internal constant SUBSIDY = 3.125e8;
    uint32 internal constant EASY_BITS = 0x207fffff;
    uint32 internal constant SPACING = 600;
    uint32 internal constant DAY = 86_400;
    /// @dev When the first day begins.
    uint32 internal constant MIDNIGHT = uint32(FIRST_DAY) * DAY;
    bytes4 internal constant VERSION = 0x00e0ff27;
    bytes32 internal constant GENESIS = keccak256("genesis");

    struct Mined {
        bytes32 hash;
        bytes32 parent;
        uint32 height;
        uint32 time;
        bytes header;
        bytes32 root;
        bytes proof;
        uint256 fees;
        uint256 subsidy;
    }

    BitcoinRelay internal relay;
    ProvenDaysRecorder internal recorder;

    /// @dev Of the genesis checkpoint and its ten predecessors.
    uint32[11] internal genesisTimes;

    function setUp() public virtual {
        vm.warp(uint256(FIRST_DAY + 60) * DAY);
        // Six of eleven before midnight: the next block is the first of the day.
        for (uint32 i = 0; i < 11; i++) {
            genesisTimes[i] = MIDNIGHT - 360 + i * 60;
        }
        recorder = new ProvenDaysRecorder();
        relay = new BitcoinRelay(parameters());
    }

    function parameters() internal view returns (IBitcoinRelay.Parameters memory) {
        return IBitcoinRelay.Parameters({
            rewardIndex: address(recorder),
            network: BTC,
            firstDay: FIRST_DAY,
            powLimitBits: EASY_BITS,
            noRetarget: true,
            halvingInterval: HALVING,
            maxSecondsAhead: 7200,
            genesis: IBitcoinRelay.Genesis({
                hash: GENESIS,
                height: GENESIS_HEIGHT,
                chainwork: 1000,
                bits: EASY_BITS,
                epochStart: genesisTimes[0],
                times: genesisTimes
            })
        });
    }

    /// @dev For the real index, in which this chain is proven.
    function networkProvenBy(address prover, address signer)
        internal
        pure
        returns (IRewardIndex.NetworkConfig memory)
    {
        address[] memory signers = new address[](1);
        signers[0] = signer;
        return IRewardIndex.NetworkConfig({
            name: "BTC",
            unit: "1 H/s",
            class: IRewardIndex.NetworkClass.Proven,
            unitWork: DAY,
            prover: prover,
            challenger: address(0),
            firstDay: FIRST_DAY,
            disputeSeconds: 100,
            faultTolerance: 0,
            signers: signers
        });
    }

    /* MINING */

    function mine(bytes32 parent, uint32 height, uint32 time, uint256 paid)
        internal
        pure
        returns (Mined memory)
    {
        return mineWith(parent, height, time, EASY_BITS, coinbaseOf(height, paid), branchOf(height % 5), paid);
    }

    function mineWith(
        bytes32 parent,
        uint32 height,
        uint32 time,
        uint32 bits,
        bytes memory coinbase,
        bytes32[] memory branch,
        uint256 paid
    ) internal pure returns (Mined memory mined) {
        mined.parent = parent;
        mined.height = height;
        mined.time = time;
        mined.root = rootOf(coinbase, branch);
        mined.proof = proofOf(coinbase, branch);
        mined.subsidy = paid < SUBSIDY ? paid : SUBSIDY;
        mined.fees = paid - mined.subsidy;
        (mined.header, mined.hash) = solve(parent, mined.root, time, bits);
    }

    function solve(bytes32 parent, bytes32 root, uint32 time, uint32 bits)
        internal
        pure
        returns (bytes memory header, bytes32 hash)
    {
        uint256 target = uint256(bits & 0xffffff) << (8 * ((bits >> 24) - 3));
        bytes memory start = abi.encodePacked(VERSION, reversed(parent), root, little4(time));
        // From anywhere, so that a nonce has as few zero bytes as a real one.
        for (uint256 nonce = uint256(keccak256(start));; nonce++) {
            bytes8 end = bytes8(abi.encodePacked(little4(bits), little4(nonce % 2 ** 32)));
            hash = reversed(twice(abi.encodePacked(start, end)));
            if (uint256(hash) <= target) return (abi.encodePacked(VERSION, root, little4(time), end), hash);
        }
    }

    /// @dev A coinbase of one output behind a tag.
    function coinbaseOf(uint256 height, uint256 paid) internal pure returns (bytes memory) {
        bytes memory output = abi.encodePacked(little8(paid), uint8(22), bytes22(keccak256("payee")));
        return
            coinbaseWith(
                abi.encodePacked(heightPush(height), "/hashsand/"), abi.encodePacked(uint8(1), output)
            );
    }

    function coinbaseWith(bytes memory script, bytes memory outputs) internal pure returns (bytes memory) {
        return abi.encodePacked(
            bytes4(0x02000000),
            uint8(1),
            bytes32(0),
            bytes4(0xffffffff),
            uint8(script.length),
            script,
            bytes4(0xffffffff),
            outputs,
            bytes4(0)
        );
    }

    function heightPush(uint256 height) internal pure returns (bytes memory push) {
        if (height <= 16) return abi.encodePacked(uint8(height == 0 ? 0 : 0x50 + height));
        for (uint256 rest = height; rest > 0; rest /= 256) {
            push = abi.encodePacked(push, uint8(rest % 256));
        }
        if (uint8(push[push.length - 1]) > 127) push = abi.encodePacked(push, uint8(0));
        push = abi.encodePacked(uint8(push.length), push);
    }

    function branchOf(uint256 depth) internal pure returns (bytes32[] memory branch) {
        branch = new bytes32[](depth);
        for (uint256 i = 0; i < depth; i++) {
            branch[i] = keccak256(abi.encode("sibling", i));
        }
    }

    function rootOf(bytes memory coinbase, bytes32[] memory branch) internal pure returns (bytes32 root) {
        root = twice(coinbase);
        for (uint256 i = 0; i < branch.length; i++) {
            root = twice(abi.encodePacked(root, branch[i]));
        }
    }

    function proofOf(bytes memory coinbase, bytes32[] memory branch) internal pure returns (bytes memory) {
        return
            abi.encodePacked(
                uint24(coinbase.length), uint8(branch.length), coinbase, abi.encodePacked(branch)
            );
    }

    function twice(bytes memory data) internal pure returns (bytes32) {
        return sha256(abi.encodePacked(sha256(data)));
    }

    function reversed(bytes32 word) internal pure returns (bytes32 result) {
        for (uint256 i = 0; i < 32; i++) {
            result |= bytes32(uint256(uint8(word[i])) << (8 * i));
        }
    }

    function little4(uint256 value) internal pure returns (bytes4) {
        return
            bytes4(uint32((value & 0xff) << 24 | (value & 0xff00) << 8 | (value >> 8 & 0xff00) | value >> 24));
    }

    function little8(uint256 value) internal pure returns (bytes memory) {
        return abi.encodePacked(little4(value & 0xffffffff), little4(value >> 32));
    }

    /* CHAINS */

    /// @dev A chain on top of the genesis checkpoint: one block every `spacing` seconds from the start of the first day on.
    function chainOf(uint256 count, uint32 spacing, uint256 seed) internal pure returns (Mined[] memory) {
        return chainOn(GENESIS, GENESIS_HEIGHT, MIDNIGHT + 240, count, spacing, seed);
    }

    function chainOn(bytes32 parent, uint32 height, uint32 time, uint256 count, uint32 spacing, uint256 seed)
        internal
        pure
        returns (Mined[] memory chain)
    {
        chain = new Mined[](count);
        for (uint32 i = 0; i < count; i++) {
            uint256 fees = uint256(keccak256(abi.encode(seed, i))) % 40 * 1e6;
            chain[i] = mine(parent, height + 1 + i, time + i * spacing, SUBSIDY + fees);
            parent = chain[i].hash;
        }
    }

    function slice(Mined[] memory chain, uint256 from, uint256 to)
        internal
        pure
        returns (Mined[] memory part)
    {
        part = new Mined[](to - from);
        for (uint256 i = from; i < to; i++) {
            part[i - from] = chain[i];
        }
    }

    function headersOf(Mined[] memory chain) internal pure returns (bytes memory headers) {
        return headersOf(chain, 0, chain.length);
    }

    function headersOf(Mined[] memory chain, uint256 from, uint256 to)
        internal
        pure
        returns (bytes memory headers)
    {
        headers = new bytes((to - from) * 48);
        for (uint256 i = from; i < to; i++) {
            for (uint256 j = 0; j < 48; j++) {
                headers[(i - from) * 48 + j] = chain[i].header[j];
            }
        }
    }

    /// @dev The day of each block by a median that is sorted anew for each, over the times below the chain and its own.
    function daysOf(uint32[11] memory below, Mined[] memory chain)
        internal
        pure
        returns (uint24[] memory found)
    {
        found = new uint24[](chain.length);
        uint32[] memory window = new uint32[](11);
        for (uint256 i = 0; i < chain.length; i++) {
            for (uint256 j = 0; j < 11; j++) {
                // Of positions below the chain and in it, the eleven up to i.
                uint256 at = i + 1 + j;
                window[j] = at < 11 ? below[at] : chain[at - 11].time;
            }
            found[i] = uint24(medianOf(window) / DAY);
        }
    }

    function medianOf(uint32[] memory window) internal pure returns (uint32) {
        for (uint256 i = 0; i < window.length; i++) {
            uint256 smaller = 0;
            uint256 equal = 0;
            for (uint256 j = 0; j < window.length; j++) {
                if (window[j] < window[i]) smaller++;
                else if (window[j] == window[i]) equal++;
            }
            if (smaller <= window.length / 2 && window.length / 2 < smaller + equal) return window[i];
        }
        revert("no median");
    }

    /// @dev Relays in batches that end where a day does, and after `most` blocks.
    /// @return ends Position behind the last block of each batch.
    function relayAll(bytes32 parent, uint32[11] memory below, Mined[] memory chain, uint256 most)
        internal
        returns (uint256[] memory ends)
    {
        uint24[] memory found = daysOf(below, chain);
        ends = new uint256[](chain.length);
        uint256 count = 0;
        uint256 from = 0;
        for (uint256 i = 1; i <= chain.length; i++) {
            if (i < chain.length && found[i] == found[from] && i - from < most) continue;
            relay.addHeaders(parent, headersOf(chain, from, i));
            parent = chain[i - 1].hash;
            ends[count++] = i;
            from = i;
        }
        assembly ("memory-safe") {
            mstore(ends, count)
        }
    }

    function blocksOf(Mined[] memory chain, uint24[] memory found, uint24 day)
        internal
        pure
        returns (Mined[] memory)
    {
        uint256 from = 0;
        while (found[from] < day) from++;
        uint256 to = from;
        while (to < chain.length && found[to] == day) to++;
        return slice(chain, from, to);
    }

    function lastOf(Mined[] memory chain, uint24[] memory found, uint24 day) internal pure returns (bytes32) {
        Mined[] memory blocks = blocksOf(chain, found, day);
        return blocks[blocks.length - 1].hash;
    }

    function joined(Mined[] memory first, Mined[] memory second) internal pure returns (Mined[] memory all) {
        all = new Mined[](first.length + second.length);
        for (uint256 i = 0; i < all.length; i++) {
            all[i] = i < first.length ? first[i] : second[i - first.length];
        }
    }

    /* PROOFS */

    /// @dev Proves every group of the batch that consists of `batch`, under the claim.
    function proveBatch(Mined[] memory batch, uint128 medianFee, uint128 previous) internal {
        for (uint256 g = 0; g * 12 < batch.length; g++) {
            proveGroup(batch, g, medianFee, previous);
        }
    }

    function proveGroup(Mined[] memory batch, uint256 group, uint128 medianFee, uint128 previous) internal {
        bytes32 checkpoint = batch[batch.length - 1].hash;
        bytes32[] memory others = otherHashes(batch, group);
        bytes memory proofs = proofsOf(batch, group);
        relay.proveCoinbases(checkpoint, group, medianFee, previous, others, proofs);
    }

    function proofsOf(Mined[] memory batch, uint256 group) internal pure returns (bytes memory proofs) {
        for (uint256 i = group * 12; i < batch.length && i < group * 12 + 12; i++) {
            proofs = abi.encodePacked(proofs, batch[i].proof);
        }
    }

    function groupHashesOf(Mined[] memory batch) internal pure returns (bytes32[] memory hashes) {
        hashes = new bytes32[]((batch.length + 11) / 12);
        for (uint256 g = 0; g < hashes.length; g++) {
            bytes memory roots;
            for (uint256 i = g * 12; i < batch.length && i < g * 12 + 12; i++) {
                roots = abi.encodePacked(roots, batch[i].root);
            }
            hashes[g] = keccak256(roots);
        }
    }

    function otherHashes(Mined[] memory batch, uint256 group)
        internal
        pure
        returns (bytes32[] memory others)
    {
        bytes32[] memory all = groupHashesOf(batch);
        others = new bytes32[](all.length - 1);
        for (uint256 i = 0; i < others.length; i++) {
            others[i] = all[i < group ? i : i + 1];
        }
    }

    /// @dev Every group of every batch of the day that is not proven yet.
    function proveDay(
        Mined[] memory chain,
        uint24[] memory found,
        uint256[] memory ends,
        uint24 day,
        uint128 medianFee,
        uint128 previous
    ) internal {
        uint256 from = 0;
        for (uint256 b = 0; b < ends.length; b++) {
            if (found[from] == day) {
                Mined[] memory batch = slice(chain, from, ends[b]);
                if (relay.accumulatorOf(batch[batch.length - 1].hash, medianFee, previous).groups == 0) {
                    proveBatch(batch, medianFee, previous);
                }
            }
            from = ends[b];
        }
    }

    /// @dev By counting, for each, what is smaller.
    function lowerMedianFee(Mined[] memory chain) internal pure returns (uint128) {
        uint256 middle = (chain.length - 1) / 2;
        for (uint256 i = 0; i < chain.length; i++) {
            uint256 smaller = 0;
            uint256 equal = 0;
            for (uint256 j = 0; j < chain.length; j++) {
                if (chain[j].fees < chain[i].fees) smaller++;
                else if (chain[j].fees == chain[i].fees) equal++;
            }
            if (smaller <= middle && middle < smaller + equal) return uint128(chain[i].fees);
        }
        revert("no median");
    }
}
