// SPDX-License-Identifier: MIT
pragma solidity 0.8.30;

import {TransactionTrie} from "../../../contracts/libraries/TransactionTrie.sol";
import {RealBlock} from "../oracle/RealBlock.sol";
import {EthereumHarness} from "./EthereumHarness.sol";
import {RLPWriter} from "@eth-optimism/contracts-bedrock/src/libraries/rlp/RLPWriter.sol";
import {Test} from "forge-std/Test.sol";

// find
// ├── the real block's last transaction → found; the next index → absent
// ├── with other nodes between → the same
// ├── with nodes altered and their hashes made to fit → finds what OpenZeppelin's TrieProof does, and nothing else
// ├── a leaf that goes on after the key, or ends before it → absent
// └── a node on the way missing → reverts TrieNodeMissing
// Tries of every size from 1 to 300 transactions: test/oracle/ethereum/transactionTrie.test.ts.
contract TransactionTrieTest is Test {
    EthereumHarness private harness;

    function setUp() public {
        harness = new EthereumHarness();
    }

    function testFuzz_find_ofTheRealBlock(uint256 at, bytes calldata other) public view {
        bytes[] memory nodes = _with(RealBlock.nodes(), at % 4, other);
        (bool found, bytes memory transaction) =
            harness.find(RealBlock.TRANSACTIONS_ROOT, RealBlock.LAST_INDEX, nodes);
        assertTrue(found);
        assertEq(transaction, RealBlock.TRANSACTION);

        (found, transaction) = harness.find(RealBlock.TRANSACTIONS_ROOT, RealBlock.LAST_INDEX + 1, nodes);
        assertFalse(found);
        assertEq(transaction.length, 0);
    }

    /// @dev What no hash protects: the parser alone stands between an altered node and a transaction.
    /// forge-config: default.fuzz.runs = 4000
    function testFuzz_find_agreesOnAlteredNodes(uint256 which, uint256 at, uint8 with, bool wide)
        public
        view
    {
        bytes[] memory nodes = RealBlock.nodes();
        which = bound(which, 0, 2);
        // Most of a node is hashes; what matters is at its beginning.
        at = wide ? at % nodes[which].length : at % 5;
        nodes[which][at] ^= bytes1(with);
        bytes32 root = _relink(nodes);

        (bool ok, bytes memory answer) =
            address(harness).staticcall(abi.encodeCall(harness.find, (root, RealBlock.LAST_INDEX, nodes)));
        (bool theyDo, bytes memory theirs) =
            address(harness).staticcall(abi.encodeCall(harness.theirFind, (root, hex"63", nodes)));
        bool found;
        bytes memory transaction;
        if (ok) (found, transaction) = abi.decode(answer, (bool, bytes));
        if (theyDo) {
            assertTrue(found);
            assertEq(transaction, abi.decode(theirs, (bytes)));
        }
        // Of empty values they say that there are none.
        if (found && transaction.length > 0) assertTrue(theyDo);
    }

    function testFuzz_find_ofOneLeaf(bytes1 a, bytes1 b, uint8 odd, bytes32 value) public view {
        bytes memory path = odd % 2 == 1 ? bytes.concat(a & 0x0f | 0x30) : bytes.concat(hex"20", a);
        if (odd % 3 == 0) path = bytes.concat(path, b);
        bytes[] memory nodes = new bytes[](1);
        nodes[0] = _leaf(path, abi.encode(value, value));

        (bool found,) = harness.find(keccak256(nodes[0]), 0x63, nodes);
        assertEq(found, keccak256(path) == keccak256(hex"2063"));
    }

    function testFuzz_find_revertsIfNodeMissing(uint256 missing) public {
        missing = bound(missing, 0, 2);
        bytes[] memory nodes = RealBlock.nodes();
        bytes32 hash = keccak256(nodes[missing]);
        nodes[missing] = "";
        vm.expectRevert(abi.encodeWithSelector(TransactionTrie.TrieNodeMissing.selector, missing, hash));
        harness.find(RealBlock.TRANSACTIONS_ROOT, RealBlock.LAST_INDEX, nodes);
    }

    function testFuzz_find_revertsIfPathIsNoPath(uint8 flags) public {
        flags = uint8(bound(flags, 0x40, 0xff));
        bytes[] memory nodes = new bytes[](1);
        nodes[0] = _leaf(abi.encodePacked(flags), abi.encode(1));
        vm.expectRevert(abi.encodeWithSelector(TransactionTrie.TrieNodeMalformed.selector, 0));
        harness.find(keccak256(nodes[0]), 5, nodes);

        nodes[0] = _leaf("", abi.encode(1));
        vm.expectRevert(abi.encodeWithSelector(TransactionTrie.TrieNodeMalformed.selector, 0));
        harness.find(keccak256(nodes[0]), 5, nodes);
    }

    /// @dev Writes the hash of each node into the one above it: at nibble 6 of the root, at nibble 3 of the branch.
    function _relink(bytes[] memory nodes) private pure returns (bytes32) {
        _write(nodes[1], 2 + 3 * 33, keccak256(nodes[2]));
        _write(nodes[0], 3 + 6 * 33, keccak256(nodes[1]));
        return keccak256(nodes[0]);
    }

    function _write(bytes memory node, uint256 item, bytes32 hash) private pure {
        for (uint256 i = 0; i < 32; i++) {
            node[item + 1 + i] = hash[i];
        }
    }

    function _leaf(bytes memory path, bytes memory value) private pure returns (bytes memory) {
        bytes[] memory items = new bytes[](2);
        items[0] = RLPWriter.writeBytes(path);
        items[1] = RLPWriter.writeBytes(value);
        return RLPWriter.writeList(items);
    }

    function _with(bytes[] memory nodes, uint256 at, bytes memory other)
        private
        pure
        returns (bytes[] memory longer)
    {
        longer = new bytes[](nodes.length + 1);
        for (uint256 i = 0; i < longer.length; i++) {
            longer[i] = i == at ? other : nodes[i < at ? i : i - 1];
        }
    }
}
