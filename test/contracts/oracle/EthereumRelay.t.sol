// SPDX-License-Identifier: MIT
pragma solidity 0.8.30;

// Casts in this file are of bounded or literal values.
// forge-lint: disable-start(unsafe-typecast)

import {IEthereumRelay} from "../../../contracts/interfaces/IEthereumRelay.sol";
import {Header} from "../../../contracts/libraries/EthereumHeader.sol";
import {MerkleList} from "../../../contracts/libraries/MerkleList.sol";
import {TransactionTrie} from "../../../contracts/libraries/TransactionTrie.sol";
import {EthereumRelay} from "../../../contracts/oracle/EthereumRelay.sol";
import {VoidableDays} from "../mocks/VoidableDays.sol";
import {EthereumRelayTest} from "./EthereumRelayTest.sol";
import {RealBlock} from "./RealBlock.sol";
import {RLPWriter} from "@eth-optimism/contracts-bedrock/src/libraries/rlp/RLPWriter.sol";

// record
// ├── stores number and hash, emits BlockRecorded, whoever calls
// └── again for the same block → stores and emits nothing
// recordAncestor
// ├── stores the parent of the last header
// └── more headers than blocks below → reverts HeaderCountOutOfRange
// descents, in every function that takes one
// ├── no header, or more than 64 → reverts HeaderCountOutOfRange
// ├── from a block that is not recorded → reverts BlockNotRecorded
// └── any byte of any header changed → reverts HeaderMismatch
// headerOf
// ├── of the real block → its fields
// └── of a made-up block at any depth → its fields
// paymentOf
// ├── of the real block → what the builder paid
// ├── of another index → reverts
// ├── of a transfer that is not the last one → reverts NotTheLastTransaction
// ├── when somebody else sent the last transaction → reverts NotPaidByFeeRecipient
// └── any byte of any node changed → reverts TrieNodeMissing
// challengeBlock
// ├── hash, gas, base fee or day wrong, or a payment in an empty block → voids the day
// ├── the leaf is right → reverts NothingContradicted
// └── the header is of another block → reverts WrongBlock
// challengePayment
// ├── payment wrong → voids the day
// ├── payment right → reverts NothingContradicted
// └── the header is of another block → reverts WrongBlock
// challengeOrder
// ├── neighbours whose numbers do not follow → voids the day
// ├── neighbours whose numbers do → reverts NothingContradicted
// └── leaves that are not neighbours → reverts LeavesNotNeighbours
// challengeMissing
// ├── a block of the day before the first leaf, or after the last one → voids the day
// ├── the block is of another day → reverts NothingContradicted
// ├── the block is no neighbour of the leaf → reverts WrongBlock
// └── the leaf is not at that edge → reverts LeafNotAtTheEdge
// leaves, in every challenge
// ├── nothing attested → reverts NoAttestedRoot
// ├── leaf, position, count or branch wrong → reverts
// └── the relay is not the network's challenger → reverts as the index does
contract EthereumRelayContractTest is EthereumRelayTest {
    /* RECORD */

    function testFuzz_record_storesNumberAndHash(address caller, uint64 number, bytes32 hash) public {
        vm.assume(hash != 0);
        l1Block.set(number, hash);

        vm.expectEmit(address(relay));
        emit IEthereumRelay.BlockRecorded(number, hash);
        vm.prank(caller);
        assertEq(relay.record(), number);
        assertEq(relay.hashOf(number), hash);

        vm.recordLogs();
        assertEq(relay.record(), number);
        assertEq(vm.getRecordedLogs().length, 0);
    }

    function testFuzz_recordAncestor_storesTheParentOfTheLastHeader(uint256 above, uint256 height) public {
        above = bound(above, 1, 63);
        height = bound(height, 1, above);
        IEthereumRelay.Descent memory descent = descentTo(height, above);
        bytes memory parent = descentTo(height - 1, above).headers[above - height + 1];

        vm.expectEmit(address(relay));
        emit IEthereumRelay.BlockRecorded(RealBlock.NUMBER + height - 1, keccak256(parent));
        assertEq(relay.recordAncestor(descent), RealBlock.NUMBER + height - 1);
        assertEq(relay.hashOf(RealBlock.NUMBER + height - 1), keccak256(parent));
    }

    function test_recordAncestor_reachesBlocksBeyondOneDescent() public {
        relay.recordAncestor(descentTo(37, 100));
        IEthereumRelay.Descent memory all = descentTo(0, 100);

        IEthereumRelay.Descent memory rest;
        rest.recorded = RealBlock.NUMBER + 36;
        rest.headers = new bytes[](37);
        for (uint256 i = 0; i < 37; i++) {
            rest.headers[i] = all.headers[64 + i];
        }
        assertEq(relay.headerOf(rest).hash, RealBlock.HASH);
    }

    function test_recordAncestor_revertsIfThereIsNone() public {
        bytes memory genesis = headerWith(0, 0, 0, 0, address(0), 0);
        l1Block.set(0, keccak256(genesis));
        relay.record();
        IEthereumRelay.Descent memory descent;
        descent.headers = new bytes[](1);
        descent.headers[0] = genesis;

        vm.expectRevert(abi.encodeWithSelector(IEthereumRelay.HeaderCountOutOfRange.selector, 1, 0));
        relay.recordAncestor(descent);
    }

    /* DESCENT */

    function testFuzz_headerOf_revertsIfHeaderCountOutOfRange(uint256 count) public {
        recordReal();
        count = count % 4 == 0 ? 0 : bound(count, 65, 80);
        IEthereumRelay.Descent memory descent;
        descent.recorded = RealBlock.NUMBER;
        descent.headers = new bytes[](count);

        vm.expectRevert(abi.encodeWithSelector(IEthereumRelay.HeaderCountOutOfRange.selector, count, 64));
        relay.headerOf(descent);
    }

    function testFuzz_headerOf_revertsIfBlockNotRecorded(uint64 number) public {
        recordReal();
        vm.assume(number != RealBlock.NUMBER);
        IEthereumRelay.Descent memory descent = onlyReal();
        descent.recorded = number;

        vm.expectRevert(abi.encodeWithSelector(IEthereumRelay.BlockNotRecorded.selector, number));
        relay.headerOf(descent);
    }

    /// forge-config: default.fuzz.runs = 2000
    function testFuzz_headerOf_revertsIfAnyByteOfAnyHeaderDiffers(uint256 which, uint256 at, uint8 with)
        public
    {
        vm.assume(with != 0);
        IEthereumRelay.Descent memory descent = descentTo(0, 3);
        which = bound(which, 0, 3);
        bytes32 right = keccak256(descent.headers[which]);
        descent.headers[which] = flipByte(descent.headers[which], at, with);
        bytes32 wrong = keccak256(descent.headers[which]);

        vm.expectRevert(abi.encodeWithSelector(IEthereumRelay.HeaderMismatch.selector, which, wrong, right));
        relay.headerOf(descent);
    }

    function test_headerOf_readsTheRealBlock() public {
        recordReal();
        Header memory header = relay.headerOf(onlyReal());

        assertEq(header.number, RealBlock.NUMBER);
        assertEq(header.hash, RealBlock.HASH);
        assertEq(header.parentHash, 0xf08c1d3dd9cc49d708e89dfe8543dead59bda12ebc714c9df0a5902259dd4fb4);
        assertEq(header.transactionsRoot, RealBlock.TRANSACTIONS_ROOT);
        assertEq(header.feeRecipient, RealBlock.FEE_RECIPIENT);
        assertEq(header.timestamp, RealBlock.TIMESTAMP);
        assertEq(header.gasUsed, RealBlock.GAS_USED);
        assertEq(header.baseFee, RealBlock.BASE_FEE);
    }

    function testFuzz_headerOf_readsABlockAtAnyDepth(uint256 above, uint256 height) public {
        above = bound(above, 1, 63);
        height = bound(height, 1, above);
        Header memory header = relay.headerOf(descentTo(height, above));

        assertEq(header.number, RealBlock.NUMBER + height);
        assertEq(header.timestamp, RealBlock.TIMESTAMP + 12 * height);
        assertEq(header.transactionsRoot, keccak256(hex"80"));
        assertEq(header.baseFee, 7);
    }

    /* PAYMENT */

    function test_paymentOf_readsTheRealBlock() public {
        recordReal();

        assertEq(relay.paymentOf(onlyReal(), lastOfReal()), RealBlock.PAYMENT);
    }

    function testFuzz_paymentOf_revertsIfIndexDiffers(uint256 index) public {
        recordReal();
        vm.assume(index != RealBlock.LAST_INDEX);
        IEthereumRelay.LastTransaction memory transaction = lastOfReal();
        transaction.index = index;

        vm.expectRevert();
        relay.paymentOf(onlyReal(), transaction);
    }

    /// forge-config: default.fuzz.runs = 2000
    function testFuzz_paymentOf_revertsIfAnyByteOfAnyNodeDiffers(uint256 which, uint256 at, uint8 with)
        public
    {
        vm.assume(with != 0);
        recordReal();
        IEthereumRelay.LastTransaction memory transaction = lastOfReal();
        which = bound(which, 0, transaction.nodes.length - 1);
        bytes32 right = keccak256(transaction.nodes[which]);
        transaction.nodes[which] = flipByte(transaction.nodes[which], at, with);

        vm.expectRevert(abi.encodeWithSelector(TransactionTrie.TrieNodeMissing.selector, which, right));
        relay.paymentOf(onlyReal(), transaction);
    }

    /// @dev The builder sends twice, first 1 wei and then 2; only the second is its payment.
    function test_paymentOf_revertsIfAnotherTransactionFollows() public {
        (address builder, uint256 key) = makeAddrAndKey("builder");
        IEthereumRelay.Descent memory descent = _blockOf(builder, _send(key, 1), _send(key, 2));

        vm.expectRevert(abi.encodeWithSelector(TransactionTrie.NotTheLastTransaction.selector, 0));
        relay.paymentOf(descent, IEthereumRelay.LastTransaction(0, _nodesOf(_send(key, 1), _send(key, 2), 0)));

        assertEq(
            relay.paymentOf(
                descent, IEthereumRelay.LastTransaction(1, _nodesOf(_send(key, 1), _send(key, 2), 1))
            ),
            2
        );
    }

    function testFuzz_paymentOf_revertsIfSomebodyElsePays(address feeRecipient) public {
        (address payer, uint256 key) = makeAddrAndKey("payer");
        vm.assume(feeRecipient != payer);
        IEthereumRelay.Descent memory descent = _blockOf(feeRecipient, _send(key, 1), _send(key, 2));
        bytes[] memory nodes = _nodesOf(_send(key, 1), _send(key, 2), 1);

        vm.expectRevert(
            abi.encodeWithSelector(IEthereumRelay.NotPaidByFeeRecipient.selector, payer, feeRecipient)
        );
        relay.paymentOf(descent, IEthereumRelay.LastTransaction(1, nodes));
    }

    /* CHALLENGE A BLOCK */

    function testFuzz_challengeBlock_voidsTheDay(uint256 field, uint256 wrong) public {
        recordReal();
        IEthereumRelay.Leaf memory leaf = realLeaf();
        field = bound(field, 0, 2);
        if (field == 0) leaf.hash = bytes32(wrong);
        if (field == 1) leaf.gasUsed = uint64(wrong);
        if (field == 2) leaf.baseFee = uint128(wrong);
        vm.assume(keccak256(abi.encode(leaf)) != keccak256(abi.encode(realLeaf())));
        IEthereumRelay.LeafProof memory proof = attestOne(leaf);

        _expectVoid(IEthereumRelay.Contradiction.Block, RealBlock.NUMBER);
        relay.challengeBlock(ETH, DAY, proof, onlyReal());
        _assertVoided();
    }

    function testFuzz_challengeBlock_voidsTheDayIfTheBlockIsOfAnother(uint24 day) public {
        recordReal();
        vm.assume(day != DAY);
        IEthereumRelay.LeafProof memory proof = attestOne(realLeaf());
        days_.attest(ETH, day, days_.attestedRootOf(ETH, DAY));

        relay.challengeBlock(ETH, day, proof, onlyReal());
        assertEq(days_.attestedRootOf(ETH, day), 0);
    }

    function testFuzz_challengeBlock_voidsTheDayIfAnEmptyBlockPays(uint128 payment) public {
        IEthereumRelay.Descent memory descent = descentTo(1, 1);
        IEthereumRelay.Leaf memory leaf = _leafOfFirstChild(descent);
        IEthereumRelay.LeafProof memory proof = attestOne(leaf);
        vm.expectRevert(IEthereumRelay.NothingContradicted.selector);
        relay.challengeBlock(ETH, DAY, proof, descent);

        leaf.payment = uint128(bound(payment, 1, type(uint128).max));
        proof = attestOne(leaf);
        relay.challengeBlock(ETH, DAY, proof, descent);
        _assertVoided();
    }

    function testFuzz_challengeBlock_revertsIfNothingContradicted(uint256 position, uint256 count) public {
        recordReal();
        count = bound(count, 1, 40);
        position = bound(position, 0, count - 1);
        IEthereumRelay.Leaf[] memory leaves = leavesAround(position, count);
        attest(leaves);

        vm.expectRevert(IEthereumRelay.NothingContradicted.selector);
        relay.challengeBlock(ETH, DAY, proofOf(leaves, position), onlyReal());
    }

    function testFuzz_challengeBlock_revertsIfHeaderIsOfAnotherBlock(uint64 number) public {
        recordReal();
        vm.assume(number != RealBlock.NUMBER);
        IEthereumRelay.Leaf memory leaf = realLeaf();
        leaf.number = number;
        IEthereumRelay.LeafProof memory proof = attestOne(leaf);

        vm.expectRevert(abi.encodeWithSelector(IEthereumRelay.WrongBlock.selector, RealBlock.NUMBER, number));
        relay.challengeBlock(ETH, DAY, proof, onlyReal());
        vm.expectRevert(abi.encodeWithSelector(IEthereumRelay.WrongBlock.selector, RealBlock.NUMBER, number));
        relay.challengePayment(ETH, DAY, proof, onlyReal(), lastOfReal());
    }

    /* CHALLENGE A PAYMENT */

    function testFuzz_challengePayment_voidsTheDay(uint128 payment, uint256 position, uint256 count) public {
        recordReal();
        vm.assume(payment != RealBlock.PAYMENT);
        count = bound(count, 1, 40);
        position = bound(position, 0, count - 1);
        IEthereumRelay.Leaf[] memory leaves = leavesAround(position, count);
        leaves[position].payment = payment;
        attest(leaves);

        _expectVoid(IEthereumRelay.Contradiction.Payment, RealBlock.NUMBER);
        relay.challengePayment(ETH, DAY, proofOf(leaves, position), onlyReal(), lastOfReal());
        _assertVoided();
    }

    function test_challengePayment_revertsIfNothingContradicted() public {
        recordReal();
        IEthereumRelay.LeafProof memory proof = attestOne(realLeaf());

        vm.expectRevert(IEthereumRelay.NothingContradicted.selector);
        relay.challengePayment(ETH, DAY, proof, onlyReal(), lastOfReal());
    }

    /* CHALLENGE WHAT IS THERE */

    /// @dev Missing, repeated and swapped blocks all leave two neighbours that do not follow each other.
    function testFuzz_challengeOrder_voidsTheDay(uint256 position, uint256 count, uint64 number) public {
        count = bound(count, 2, 40);
        position = bound(position, 0, count - 2);
        IEthereumRelay.Leaf[] memory leaves = leavesAround(0, count);
        vm.assume(number != leaves[position + 1].number);
        leaves[position + 1].number = number;
        attest(leaves);

        _expectVoid(IEthereumRelay.Contradiction.Order, number);
        relay.challengeOrder(ETH, DAY, proofOf(leaves, position), proofOf(leaves, position + 1));
        _assertVoided();
    }

    function testFuzz_challengeOrder_revertsIfNothingContradicted(uint256 position, uint256 count) public {
        count = bound(count, 2, 40);
        position = bound(position, 0, count - 2);
        IEthereumRelay.Leaf[] memory leaves = leavesAround(0, count);
        attest(leaves);

        vm.expectRevert(IEthereumRelay.NothingContradicted.selector);
        relay.challengeOrder(ETH, DAY, proofOf(leaves, position), proofOf(leaves, position + 1));
    }

    function testFuzz_challengeOrder_revertsIfLeavesNotNeighbours(uint256 first, uint256 second) public {
        first = bound(first, 0, 9);
        second = bound(second, 0, 9);
        vm.assume(second != first + 1);
        IEthereumRelay.Leaf[] memory leaves = leavesAround(0, 10);
        attest(leaves);

        vm.expectRevert(abi.encodeWithSelector(IEthereumRelay.LeavesNotNeighbours.selector, first, second));
        relay.challengeOrder(ETH, DAY, proofOf(leaves, first), proofOf(leaves, second));
    }

    function testFuzz_challengeMissing_voidsTheDayIfItEndsLater(uint256 count) public {
        count = bound(count, 1, 40);
        IEthereumRelay.Leaf[] memory leaves = leavesAround(count - 1, count);
        attest(leaves);

        IEthereumRelay.Descent memory descent = descentTo(1, 2);
        _expectVoid(IEthereumRelay.Contradiction.Missing, RealBlock.NUMBER + 1);
        relay.challengeMissing(ETH, DAY, proofOf(leaves, count - 1), descent);
        _assertVoided();
    }

    function testFuzz_challengeMissing_voidsTheDayIfItBeganEarlier(uint256 count) public {
        count = bound(count, 1, 40);
        recordReal();
        IEthereumRelay.Leaf[] memory leaves = _leavesAfterReal(count);
        attest(leaves);

        _expectVoid(IEthereumRelay.Contradiction.Missing, RealBlock.NUMBER);
        relay.challengeMissing(ETH, DAY, proofOf(leaves, 0), onlyReal());
        _assertVoided();
    }

    function test_challengeMissing_revertsIfTheBlockIsOfAnotherDay() public {
        recordReal();
        IEthereumRelay.LeafProof memory proof = attestOne(_leavesAfterReal(1)[0]);
        days_.attest(ETH, DAY + 1, days_.attestedRootOf(ETH, DAY));

        vm.expectRevert(IEthereumRelay.NothingContradicted.selector);
        relay.challengeMissing(ETH, DAY + 1, proof, onlyReal());
    }

    function testFuzz_challengeMissing_revertsIfTheBlockIsNoNeighbour(uint64 number) public {
        recordReal();
        vm.assume(number != RealBlock.NUMBER - 1 && number != RealBlock.NUMBER + 1);
        IEthereumRelay.Leaf memory leaf = realLeaf();
        leaf.number = number;
        IEthereumRelay.LeafProof memory proof = attestOne(leaf);

        vm.expectRevert(abi.encodeWithSelector(IEthereumRelay.WrongBlock.selector, RealBlock.NUMBER, number));
        relay.challengeMissing(ETH, DAY, proof, onlyReal());
    }

    function testFuzz_challengeMissing_revertsIfTheLeafIsNotAtTheEdge(uint256 position, bool before) public {
        recordReal();
        position = before ? bound(position, 1, 9) : bound(position, 0, 8);
        IEthereumRelay.Leaf[] memory leaves = leavesAround(0, 10);
        leaves[position].number = before ? RealBlock.NUMBER + 1 : RealBlock.NUMBER - 1;
        attest(leaves);

        vm.expectRevert(abi.encodeWithSelector(IEthereumRelay.LeafNotAtTheEdge.selector, position, 10));
        relay.challengeMissing(ETH, DAY, proofOf(leaves, position), onlyReal());
    }

    /* LEAVES */

    function testFuzz_challenge_revertsIfNothingAttested(uint32 network, uint24 day) public {
        recordReal();
        IEthereumRelay.LeafProof memory proof = attestOne(realLeaf());
        vm.assume(network != ETH || day != DAY);

        vm.expectRevert(abi.encodeWithSelector(IEthereumRelay.NoAttestedRoot.selector, network, day));
        relay.challengeBlock(network, day, proof, onlyReal());
    }

    /// forge-config: default.fuzz.runs = 2000
    function testFuzz_challenge_revertsIfProofDiffers(uint256 what, uint256 position, uint256 wrong) public {
        IEthereumRelay.Leaf[] memory leaves = leavesAround(3, 13);
        attest(leaves);
        position = bound(position, 0, 12);
        IEthereumRelay.LeafProof memory proof = proofOf(leaves, position);
        what = bound(what, 0, 3);
        if (what == 0) proof.leaf.payment ^= uint128(bound(wrong, 1, type(uint128).max));
        if (what == 1) proof.position = wrong;
        if (what == 2) proof.count = wrong;
        if (what == 3) proof.branch[wrong % proof.branch.length] ^= keccak256(abi.encode(wrong));
        vm.assume(keccak256(abi.encode(proof)) != keccak256(abi.encode(proofOf(leaves, position))));

        vm.expectRevert();
        relay.challengeOrder(ETH, DAY, proof, proof);
    }

    function testFuzz_challenge_revertsIfBranchHasAnotherLength(uint256 position, bool longer) public {
        IEthereumRelay.Leaf[] memory leaves = leavesAround(0, 13);
        attest(leaves);
        IEthereumRelay.LeafProof memory proof = proofOf(leaves, bound(position, 0, 12));
        uint256 right = proof.branch.length;
        if (longer) proof.branch = append(proof.branch, 0);
        else proof.branch = new bytes32[](right - 1);

        if (longer) {
            vm.expectRevert(abi.encodeWithSelector(MerkleList.BranchTooLong.selector, right + 1, right));
        } else {
            vm.expectRevert(abi.encodeWithSelector(MerkleList.BranchTooShort.selector, right - 1));
        }
        relay.challengeOrder(ETH, DAY, proof, proof);
    }

    function test_challenge_revertsIfTheRelayIsNotTheChallenger() public {
        recordReal();
        IEthereumRelay.Leaf memory leaf = realLeaf();
        leaf.payment++;
        IEthereumRelay.LeafProof memory proof = attestOne(leaf);
        days_.setChallenger(address(this));

        vm.expectRevert(abi.encodeWithSelector(VoidableDays.NotChallenger.selector, address(relay)));
        relay.challengePayment(ETH, DAY, proof, onlyReal(), lastOfReal());
    }

    /* CLOCK */

    function testFuzz_epochAt_isTheUtcDayOfMainnet(uint40 timestamp) public view {
        assertEq(relay.epochAt(timestamp), timestamp / 86_400);
    }

    /* GAS */

    /// forge-config: default.isolate = true
    function test_headerOf_withinBudget() public {
        recordReal();
        _within("L1 header", abi.encodeCall(relay.headerOf, (onlyReal())), 50_000);
    }

    /// forge-config: default.isolate = true
    function test_paymentOf_withinBudget() public {
        recordReal();
        _within(
            "L1 header and last transaction",
            abi.encodeCall(relay.paymentOf, (onlyReal(), lastOfReal())),
            145_000
        );
    }

    /* INTERNALS */

    function _within(string memory what, bytes memory question, uint256 budget) private {
        (bool ok,) = address(relay).call(question);
        assertTrue(ok);
        uint256 used = vm.lastCallGas().gasTotalUsed;
        emit log_named_uint(what, used);
        assertLe(used, budget);
    }

    function _expectVoid(IEthereumRelay.Contradiction contradiction, uint256 number) private {
        vm.expectEmit(address(relay));
        emit IEthereumRelay.DayContradicted(ETH, DAY, contradiction, number);
    }

    function _assertVoided() private view {
        assertEq(days_.voidedNetwork(), ETH);
        assertEq(days_.voidedDay(), DAY);
        assertEq(days_.attestedRootOf(ETH, DAY), 0);
    }

    function _leafOfFirstChild(IEthereumRelay.Descent memory descent)
        private
        pure
        returns (IEthereumRelay.Leaf memory)
    {
        return IEthereumRelay.Leaf({
            number: RealBlock.NUMBER + 1,
            hash: keccak256(descent.headers[0]),
            gasUsed: 0,
            baseFee: 7,
            payment: 0
        });
    }

    function _leavesAfterReal(uint256 count) private pure returns (IEthereumRelay.Leaf[] memory leaves) {
        leaves = new IEthereumRelay.Leaf[](count);
        for (uint256 i = 0; i < count; i++) {
            leaves[i].number = uint64(RealBlock.NUMBER + 1 + i);
        }
    }

    /// @dev A recorded block of two transactions.
    function _blockOf(address feeRecipient, bytes memory first, bytes memory second)
        private
        returns (IEthereumRelay.Descent memory descent)
    {
        bytes32 root = keccak256(_nodesOf(first, second, 0)[0]);
        descent.recorded = RealBlock.NUMBER + 1;
        descent.headers = new bytes[](1);
        descent.headers[0] = headerWith(
            RealBlock.HASH, RealBlock.NUMBER + 1, RealBlock.TIMESTAMP + 12, 42_000, feeRecipient, root
        );
        l1Block.set(RealBlock.NUMBER + 1, keccak256(descent.headers[0]));
        relay.record();
    }

    /// @dev Index 0 has the key 0x80 and index 1 the key 0x01: a branch with two leaves of one nibble each.
    function _nodesOf(bytes memory first, bytes memory second, uint256 index)
        private
        pure
        returns (bytes[] memory nodes)
    {
        bytes[] memory leaf = new bytes[](2);
        leaf[0] = RLPWriter.writeBytes(hex"30");
        leaf[1] = RLPWriter.writeBytes(first);
        bytes memory leaf0 = RLPWriter.writeList(leaf);
        leaf[0] = RLPWriter.writeBytes(hex"31");
        leaf[1] = RLPWriter.writeBytes(second);
        bytes memory leaf1 = RLPWriter.writeList(leaf);

        bytes[] memory branch = new bytes[](17);
        for (uint256 i = 0; i < 17; i++) {
            branch[i] = hex"80";
        }
        branch[8] = RLPWriter.writeBytes(abi.encode(keccak256(leaf0)));
        branch[0] = RLPWriter.writeBytes(abi.encode(keccak256(leaf1)));

        nodes = new bytes[](3);
        nodes[0] = RLPWriter.writeList(branch);
        nodes[1] = index == 0 ? leaf0 : leaf1;
        nodes[2] = index == 0 ? leaf1 : leaf0;
    }

    /// @dev A signed transfer of type 2.
    function _send(uint256 key, uint256 value) private pure returns (bytes memory) {
        bytes[] memory fields = new bytes[](9);
        fields[0] = RLPWriter.writeUint(1);
        fields[1] = RLPWriter.writeUint(value);
        fields[2] = RLPWriter.writeUint(0);
        fields[3] = RLPWriter.writeUint(9);
        fields[4] = RLPWriter.writeUint(21_000);
        fields[5] = RLPWriter.writeAddress(address(0xbeef));
        fields[6] = RLPWriter.writeUint(value);
        fields[7] = RLPWriter.writeBytes("");
        fields[8] = RLPWriter.writeList(new bytes[](0));
        bytes32 digest = keccak256(bytes.concat(hex"02", RLPWriter.writeList(fields)));
        (uint8 v, bytes32 r, bytes32 s) = vm.sign(key, digest);

        bytes[] memory signed = new bytes[](12);
        for (uint256 i = 0; i < 9; i++) {
            signed[i] = fields[i];
        }
        signed[9] = RLPWriter.writeUint(v - 27);
        signed[10] = RLPWriter.writeUint(uint256(r));
        signed[11] = RLPWriter.writeUint(uint256(s));
        return bytes.concat(hex"02", RLPWriter.writeList(signed));
    }
}
