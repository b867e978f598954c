// SPDX-License-Identifier: MIT
pragma solidity 0.8.30;

// A shift of 1 by a count is meant wherever it stands.
// forge-lint: disable-start(incorrect-shift)

// Casts to bytes4 take the first four bytes, and are meant to.
// forge-lint: disable-start(unsafe-typecast)

import {BitcoinCoinbase} from "../../../contracts/libraries/BitcoinCoinbase.sol";
import {BitcoinHash} from "../../../contracts/libraries/BitcoinHash.sol";
import {BitcoinTarget} from "../../../contracts/libraries/BitcoinTarget.sol";
import {BTCUtils} from "@keep-network/bitcoin-spv-sol/contracts/BTCUtils.sol";
import {ValidateSPV} from "@keep-network/bitcoin-spv-sol/contracts/ValidateSPV.sol";

/// @notice Reads the same bytes by the relay's libraries and by keep-network's, an older implementation by others, and reverts
///         where they differ. What theirs does not know is not compared, and told beside it.
contract BitcoinDifferential {
    uint256 private constant HEADER_BYTES = 48;
    uint256 private constant VERSION_BYTES = 4;
    uint256 private constant LOCK_TIME_BYTES = 4;
    uint256 private constant ONE_INPUT_BYTES = 1;

    error Differs(string what, uint256 ours, uint256 theirs);

    /// @notice Hash, Merkle root, time, target, work and difficulty of each header.
    /// @param parent In wire order.
    /// @param headers In the relay's form. Each has bits of a positive target below 2^256.
    /// @return last Hash of the last one, in wire order.
    /// @return met How many have the work that they say.
    function compareHeaders(bytes32 parent, bytes calldata headers)
        external
        view
        returns (bytes32 last, uint256 met)
    {
        last = parent;
        uint256 count = headers.length / HEADER_BYTES;
        bytes32[] memory roots = new bytes32[](count);
        for (uint256 i = 0; i < count; i++) {
            uint256 at = i * HEADER_BYTES;
            bytes memory whole = abi.encodePacked(headers[at:at + 4], last, headers[at + 4:at + HEADER_BYTES]);
            uint256 time;
            uint256 bits;
            (last, time, bits) = BitcoinHash.ofHeader(headers, i, last, roots);
            _same("hash", uint256(last), uint256(BTCUtils.hash256View(whole)));
            _same("root", uint256(roots[i]), uint256(BTCUtils.extractMerkleRootLE(whole)));
            _same("time", time, BTCUtils.extractTimestamp(whole));
            if (_compareTarget(whole, bits, last)) met++;
        }
    }

    /// @notice Target, whether a hash meets it, and the work that it stands for.
    function _compareTarget(bytes memory whole, uint256 bits, bytes32 hash)
        private
        pure
        returns (bool isMet)
    {
        uint256 target = BTCUtils.extractTarget(whole);
        _same("target", BitcoinTarget.fromBits(bits), target);
        _same("printed hash", uint256(BitcoinHash.printed(hash)), BTCUtils.reverseUint256(uint256(hash)));
        // The relay compares only with bits in the form that consensus writes.
        if (BitcoinTarget.toBits(target) == bits) {
            isMet = BitcoinTarget.isMetBy(bits, hash);
            // Theirs refuses a hash that equals the target; so does nobody else.
            bool theirs = ValidateSPV.validateHeaderWork(hash, target);
            if (uint256(BitcoinHash.printed(hash)) != target && hash != 0) {
                _same("work", isMet ? 1 : 0, theirs ? 1 : 0);
            }
        }
        // Difficulty is work in units of 2^48 / 0xffff. It divides by the target, work by one more, which shows in small ones.
        if (target < 1 << 112) return isMet;
        uint256 difficulty = BTCUtils.calculateDifficulty(target);
        uint256 ours = (BitcoinTarget.workOf(target) * 0xffff) >> 48;
        if (ours > difficulty + 1 || ours + 1 < difficulty) revert Differs("difficulty", ours, difficulty);
    }

    /// @notice What a coinbase pays, its txid, and the root that its branch leads to.
    /// @return paid Satoshi. Reverts where the relay's reader does.
    function compareCoinbase(bytes calldata coinbase, bytes calldata branch, uint256 height)
        external
        view
        returns (uint256 paid, bytes32 root)
    {
        paid = BitcoinCoinbase.paidOf(coinbase, height, 0);
        (uint256 theirs, bytes32 txid) = _theirs(coinbase);
        _same("paid", paid, theirs);
        root = compareRoot(coinbase, txid, branch);
    }

    function _theirs(bytes calldata coinbase) private view returns (uint256 paid, bytes32 txid) {
        (bytes memory vin, bytes memory vout, bool isWhole) = _cut(coinbase);
        _same("form", 1, isWhole ? 1 : 0);
        (, uint256 outputs) = BTCUtils.parseVarInt(vout);
        for (uint256 i = 0; i < outputs; i++) {
            paid += BTCUtils.extractValue(BTCUtils.extractOutputAtIndex(vout, i));
        }
        bytes4 lockTime = bytes4(coinbase[coinbase.length - LOCK_TIME_BYTES:]);
        txid = ValidateSPV.calculateTxId(bytes4(coinbase), vin, vout, lockTime);
    }

    /// @notice The root over a left-most leaf, right and with a bit of it turned.
    function compareRoot(bytes calldata leaf, bytes32 hash, bytes calldata branch)
        public
        view
        returns (bytes32 root)
    {
        root = BitcoinHash.leftmostRoot(leaf, branch);
        _same("branch", 1, ValidateSPV.prove(hash, root, branch, 0) ? 1 : 0);
        bytes32 turned = root ^ bytes32(uint256(1) << (uint256(root) % 256));
        _same("another root", 0, ValidateSPV.prove(hash, turned, branch, 0) ? 1 : 0);
    }

    /// @notice Whether theirs takes the form of a transaction whose inputs ours would not look at.
    function isWellFormed(bytes calldata coinbase) external pure returns (bool isWhole) {
        (,, isWhole) = _cut(coinbase);
    }

    /// @notice The bits of the next epoch.
    /// @param target A multiple of 2^16 that bits can say, of 2^40 at least: theirs divides it first.
    function compareRetarget(uint256 target, uint256 first, uint256 last, uint256 limit)
        external
        pure
        returns (uint256 bits)
    {
        bits = BitcoinTarget.afterEpoch(target, first, last, limit);
        // Theirs does not take an epoch that ends before it began, and knows no limit.
        uint256 theirs = BTCUtils.retargetAlgorithm(target, first, last < first ? first : last);
        if (theirs > limit) theirs = limit;
        // Cut off behind the three bytes that the size says, the top bit of which is a sign.
        uint256 shift = 8 * ((bits >> 24) - 3);
        _same("retarget", bits & 0xffffff, theirs >> shift);
        _same("retarget in its shortest form", 1, (theirs >> shift) > 0x7fff ? 1 : 0);
    }

    /// @dev By their measure of an input, where there is one. A transaction without outputs is malformed to theirs; nobody mines one.
    function _cut(bytes calldata coinbase)
        private
        pure
        returns (bytes memory vin, bytes memory vout, bool isWhole)
    {
        uint256 inputAt = VERSION_BYTES + ONE_INPUT_BYTES;
        uint256 voutAt = inputAt + BTCUtils.determineInputLengthAt(coinbase, inputAt);
        uint256 end = coinbase.length - LOCK_TIME_BYTES;
        if (voutAt >= end) return (vin, vout, false);
        (vin, vout) = (coinbase[VERSION_BYTES:voutAt], coinbase[voutAt:end]);
        isWhole = BTCUtils.validateVin(vin) && (BTCUtils.validateVout(vout) || _isEmpty(vout));
    }

    function _isEmpty(bytes memory vout) private pure returns (bool) {
        return vout.length == 1 && vout[0] == 0;
    }

    function _same(string memory what, uint256 ours, uint256 theirs) private pure {
        require(ours == theirs, Differs(what, ours, theirs));
    }
}
