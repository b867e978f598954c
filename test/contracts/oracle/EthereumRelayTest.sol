// SPDX-License-Identifier: MIT
pragma solidity 0.8.30;

// Casts in this file are of bounded or literal values.
// forge-lint: disable-start(unsafe-typecast)

import {IEthereumRelay} from "../../../contracts/interfaces/IEthereumRelay.sol";
import {IRewardIndex} from "../../../contracts/interfaces/IRewardIndex.sol";
import {EthereumRelay} from "../../../contracts/oracle/EthereumRelay.sol";
import {L1BlockModel} from "../mocks/L1BlockModel.sol";
import {VoidableDays} from "../mocks/VoidableDays.sol";
import {RealBlock} from "./RealBlock.sol";
import {RLPWriter} from "@eth-optimism/contracts-bedrock/src/libraries/rlp/RLPWriter.sol";
import {Test} from "forge-std/Test.sol";

/// @notice A relay above a model of the index, on a made-up chain that goes on from a real block. Headers are encoded by
///         Optimism's writer, lists hashed level by level.
abstract contract EthereumRelayTest is Test {
    uint32 internal constant ETH = 2;
    /// @dev 2023-09-22, the real block's day.
    uint24 internal constant DAY = 19_622;
    uint256 internal constant EPOCH_SECONDS = 86_400;

    L1BlockModel internal l1Block = L1BlockModel(0x4200000000000000000000000000000000000015);
    VoidableDays internal days_;
    EthereumRelay internal relay;

    function setUp() public virtual {
        vm.etch(address(l1Block), address(new L1BlockModel()).code);
        days_ = new VoidableDays(IRewardIndex.Clock(0, 0, uint32(EPOCH_SECONDS)));
        relay = new EthereumRelay(address(days_));
        days_.setChallenger(address(relay));
    }

    /* CHAIN */

    function recordReal() internal {
        l1Block.set(RealBlock.NUMBER, RealBlock.HASH);
        relay.record();
    }

    function onlyReal() internal pure returns (IEthereumRelay.Descent memory descent) {
        descent.recorded = RealBlock.NUMBER;
        descent.headers = new bytes[](1);
        descent.headers[0] = RealBlock.HEADER;
    }

    /// @dev `above` made-up blocks on the real one, 12 seconds each, of which the uppermost is recorded: from there down
    ///      to the block at `height` above the real one.
    function descentTo(uint256 height, uint256 above)
        internal
        returns (IEthereumRelay.Descent memory descent)
    {
        bytes[] memory upward = new bytes[](above + 1);
        upward[0] = RealBlock.HEADER;
        for (uint256 i = 1; i <= above; i++) {
            upward[i] = childOf(upward[i - 1], i);
        }
        l1Block.set(uint64(RealBlock.NUMBER + above), keccak256(upward[above]));
        relay.record();

        descent.recorded = RealBlock.NUMBER + above;
        descent.headers = new bytes[](above - height + 1);
        for (uint256 i = 0; i < descent.headers.length; i++) {
            descent.headers[i] = upward[above - i];
        }
    }

    function childOf(bytes memory parent, uint256 height) internal pure returns (bytes memory) {
        return headerWith(
            keccak256(parent),
            RealBlock.NUMBER + height,
            RealBlock.TIMESTAMP + 12 * height,
            0,
            address(0),
            keccak256(hex"80")
        );
    }

    function headerWith(
        bytes32 parent,
        uint256 number,
        uint256 timestamp,
        uint256 gasUsed,
        address feeRecipient,
        bytes32 transactionsRoot
    ) internal pure returns (bytes memory) {
        bytes[] memory fields = new bytes[](17);
        for (uint256 i = 0; i < fields.length; i++) {
            fields[i] = RLPWriter.writeBytes(abi.encode(i));
        }
        fields[0] = RLPWriter.writeBytes(abi.encode(parent));
        fields[2] = RLPWriter.writeAddress(feeRecipient);
        fields[4] = RLPWriter.writeBytes(abi.encode(transactionsRoot));
        fields[6] = RLPWriter.writeBytes(new bytes(256));
        fields[7] = RLPWriter.writeUint(0);
        fields[8] = RLPWriter.writeUint(number);
        fields[9] = RLPWriter.writeUint(30_000_000);
        fields[10] = RLPWriter.writeUint(gasUsed);
        fields[11] = RLPWriter.writeUint(timestamp);
        fields[12] = RLPWriter.writeBytes("made up");
        fields[14] = RLPWriter.writeBytes(new bytes(8));
        fields[15] = RLPWriter.writeUint(7);
        return RLPWriter.writeList(fields);
    }

    /* DAY */

    function realLeaf() internal pure returns (IEthereumRelay.Leaf memory) {
        return IEthereumRelay.Leaf({
            number: RealBlock.NUMBER,
            hash: RealBlock.HASH,
            gasUsed: RealBlock.GAS_USED,
            baseFee: RealBlock.BASE_FEE,
            payment: RealBlock.PAYMENT
        });
    }

    /// @dev `count` leaves of consecutive blocks, with the real one's at `position`.
    function leavesAround(uint256 position, uint256 count)
        internal
        pure
        returns (IEthereumRelay.Leaf[] memory leaves)
    {
        leaves = new IEthereumRelay.Leaf[](count);
        for (uint256 i = 0; i < count; i++) {
            leaves[i].number = uint64(RealBlock.NUMBER + i - position);
        }
        leaves[position] = realLeaf();
    }

    function attest(IEthereumRelay.Leaf[] memory leaves) internal {
        (bytes32 root,) = listOf(leaves, 0);
        days_.attest(ETH, DAY, root);
    }

    function proofOf(IEthereumRelay.Leaf[] memory leaves, uint256 position)
        internal
        pure
        returns (IEthereumRelay.LeafProof memory proof)
    {
        (, bytes32[] memory branch) = listOf(leaves, position);
        return IEthereumRelay.LeafProof(leaves[position], position, leaves.length, branch);
    }

    /// @dev Attests a day of one leaf.
    function attestOne(IEthereumRelay.Leaf memory leaf)
        internal
        returns (IEthereumRelay.LeafProof memory proof)
    {
        IEthereumRelay.Leaf[] memory leaves = new IEthereumRelay.Leaf[](1);
        leaves[0] = leaf;
        attest(leaves);
        return proofOf(leaves, 0);
    }

    function listOf(IEthereumRelay.Leaf[] memory leaves, uint256 position)
        internal
        pure
        returns (bytes32 root, bytes32[] memory branch)
    {
        bytes32[] memory level = new bytes32[](leaves.length);
        for (uint256 i = 0; i < leaves.length; i++) {
            level[i] = keccak256(abi.encode(leaves[i]));
        }
        branch = new bytes32[](0);
        while (level.length > 1) {
            uint256 sibling = position ^ 1;
            if (sibling < level.length) branch = append(branch, level[sibling]);
            level = levelAbove(level);
            position /= 2;
        }
        root = keccak256(abi.encode(leaves.length, level[0]));
    }

    function levelAbove(bytes32[] memory level) internal pure returns (bytes32[] memory upper) {
        upper = new bytes32[]((level.length + 1) / 2);
        for (uint256 i = 0; i < upper.length; i++) {
            bool single = 2 * i + 1 == level.length;
            upper[i] = single ? level[2 * i] : keccak256(abi.encode(level[2 * i], level[2 * i + 1]));
        }
    }

    function append(bytes32[] memory list, bytes32 item) internal pure returns (bytes32[] memory longer) {
        longer = new bytes32[](list.length + 1);
        for (uint256 i = 0; i < list.length; i++) {
            longer[i] = list[i];
        }
        longer[list.length] = item;
    }

    /* TRANSACTIONS */

    function lastOfReal() internal pure returns (IEthereumRelay.LastTransaction memory) {
        return IEthereumRelay.LastTransaction(RealBlock.LAST_INDEX, RealBlock.nodes());
    }

    function flipByte(bytes memory data, uint256 at, uint8 with) internal pure returns (bytes memory) {
        data[at % data.length] ^= bytes1(with);
        return data;
    }
}
