// SPDX-License-Identifier: MIT
pragma solidity 0.8.30;

// Time is the test's own, and its constants fit.
// forge-lint: disable-start(block-timestamp)
// forge-lint: disable-start(unsafe-typecast)

import {IOutputProposer} from "../../../contracts/interfaces/IOutputProposer.sol";
import {OutputProposer} from "../../../contracts/l1/OutputProposer.sol";
import {ClosedRecipient, GreedyRecipient} from "../mocks/OddRecipients.sol";
import {OracleModel} from "../mocks/OracleModel.sol";
import {Test} from "forge-std/Test.sol";

// constructor
// └── oracle without code, operator 0, no silence, no window, no bond → reverts
// proposeL2Output
// ├── a zero root → reverts ZeroOutputRoot; what the oracle refuses → reverts with its words, posts no bond
// ├── by the operator
// │   ├── with value → reverts ValueNotAccepted
// │   └── at any time, after any deletion, between strangers → the oracle gets it unchanged
// └── by anybody else
//     ├── another value than the bond → reverts WrongBond
//     ├── before the operator is silent → reverts OperatorNotSilent
//     ├── a block within the window → reverts BlockTooYoung
//     ├── after the operator's newest output was deleted → no silence to wait for
//     └── otherwise → posts a bond; any number of them in one silence
// settle
// ├── no such bond, settled already → reverts NoSuchBond; no verdict → reverts BondOpen
// ├── the same root matured → to the proposer; another one → to the challenger; both only once it can't be deleted
// ├── deleted and proposed again, by whomever, at whatever index → the block's matured root decides
// ├── several bonds for one block → each by itself
// ├── nothing matured within BOND_SECONDS → to the proposer, whatever matures later, not a second sooner
// ├── an output of another block, as after a change of the oracle's interval → decides nothing
// └── the same at any time after the verdict
// claim
// ├── nothing booked → reverts NothingToClaim; to 0 → reverts ZeroRecipient
// ├── a recipient that refuses → reverts, another one may be named; nobody else is held up
// └── a recipient that calls back → gets what is its own, once
// everything else
// ├── views of the oracle are answered as by the oracle, its reverts too
// └── nothing can be changed that way
contract OutputProposerTest is Test {
    uint256 private constant BOND = 1 ether;
    uint256 private constant SILENCE = 1 hours;
    uint256 private constant WINDOW = 200;
    uint256 private constant PERIOD = 7 days;
    bytes32 private constant RIGHT = bytes32("right");
    bytes32 private constant WRONG = bytes32("wrong");

    address private _operator = makeAddr("operator");
    address private _challenger = makeAddr("challenger");
    address private _alice = makeAddr("alice");
    address private _bob = makeAddr("bob");
    OracleModel private _oracle;
    OutputProposer private _proposer;

    function setUp() public {
        vm.warp(1_800_000_000);
        _oracle = new OracleModel(block.timestamp, PERIOD, _challenger);
        _proposer = new OutputProposer(address(_oracle), _operator, SILENCE, WINDOW, BOND);
        _oracle.setProposer(address(_proposer));
        vm.deal(_alice, 100 ether);
        vm.deal(_bob, 100 ether);
        // The first ten outputs are due and old enough.
        skip(WINDOW + 10 * 10 * 2);
    }

    /* CONSTRUCTOR */

    function test_constructor_revertsIfMalformed() public {
        vm.expectRevert(abi.encodeWithSelector(IOutputProposer.OracleHasNoCode.selector, _operator));
        new OutputProposer(_operator, _operator, SILENCE, WINDOW, BOND);
        vm.expectRevert(IOutputProposer.ZeroOperator.selector);
        new OutputProposer(address(_oracle), address(0), SILENCE, WINDOW, BOND);
        vm.expectRevert(IOutputProposer.ZeroSilence.selector);
        new OutputProposer(address(_oracle), _operator, 0, WINDOW, BOND);
        vm.expectRevert(IOutputProposer.ZeroWindow.selector);
        new OutputProposer(address(_oracle), _operator, SILENCE, 0, BOND);
        vm.expectRevert(IOutputProposer.ZeroBond.selector);
        new OutputProposer(address(_oracle), _operator, SILENCE, WINDOW, 0);
    }

    /* PROPOSAL */

    function testFuzz_proposeL2Output_operatorIsForwarded(bytes32 root, uint256 silence) public {
        vm.assume(root != 0);
        skip(bound(silence, 0, 365 days));
        vm.roll(500);
        bytes32 hash = blockhash(499);
        vm.expectEmit(address(_proposer));
        emit IOutputProposer.OperatorProposed(17, root);
        vm.expectCall(address(_oracle), 0, abi.encodeCall(_oracle.proposeL2Output, (root, 17, hash, 499)));
        vm.prank(_operator);
        _proposer.proposeL2Output(root, 17, hash, 499);
        assertEq(_oracle.getL2Output(0).outputRoot, root);
    }

    function test_proposeL2Output_operatorIsNeverKeptOut() public {
        _operates(RIGHT);
        skip(SILENCE);
        _bonded(_alice, WRONG);
        _operates(RIGHT);
        _bondedReverts(_bob, WRONG, _notSilent());
        _deletes(1);
        _bonded(_bob, WRONG);
        _deletes(1);
        _operates(RIGHT);
        _deletes(0);
        _operates(RIGHT);
        assertEq(_oracle.nextOutputIndex(), 1);
    }

    function testFuzz_proposeL2Output_revertsIfZeroRoot(bool isOperator) public {
        skip(SILENCE);
        uint256 value = isOperator ? 0 : BOND;
        vm.prank(isOperator ? _operator : _alice);
        vm.expectRevert(abi.encodeWithSelector(IOutputProposer.ZeroOutputRoot.selector, 17));
        _proposer.proposeL2Output{value: value}(0, 17, 0, 0);
    }

    function testFuzz_proposeL2Output_revertsIfOperatorSendsValue(uint128 value) public {
        vm.assume(value > 0);
        vm.deal(_operator, value);
        vm.prank(_operator);
        vm.expectRevert(abi.encodeWithSelector(IOutputProposer.ValueNotAccepted.selector, value));
        _proposer.proposeL2Output{value: value}(RIGHT, 17, 0, 0);
    }

    function testFuzz_proposeL2Output_revertsIfWrongBond(uint256 value) public {
        value = bound(value, 0, 100 ether);
        vm.assume(value != BOND);
        skip(SILENCE);
        vm.prank(_alice);
        vm.expectRevert(abi.encodeWithSelector(IOutputProposer.WrongBond.selector, value, BOND));
        _proposer.proposeL2Output{value: value}(RIGHT, 17, 0, 0);
    }

    function testFuzz_proposeL2Output_revertsIfOperatorNotSilent(uint256 wait) public {
        _operates(RIGHT);
        skip(bound(wait, 0, SILENCE - 1));
        _bondedReverts(_alice, RIGHT, _notSilent());
        vm.warp(_proposer.operatorHeardAt() + SILENCE);
        _bonded(_alice, RIGHT);
        _bonded(_alice, RIGHT);
    }

    function test_proposeL2Output_waitsForTheFirstSilenceAsWell() public {
        assertEq(_proposer.openFrom(17), 1_800_000_000 + SILENCE);
        vm.warp(1_800_000_000 + SILENCE - 1);
        _bondedReverts(_alice, RIGHT, _notSilent());
        skip(1);
        _bonded(_alice, RIGHT);
    }

    function testFuzz_proposeL2Output_revertsIfBlockTooYoung(uint256 age) public {
        vm.deal(_alice, 1000 ether);
        skip(SILENCE);
        for (uint256 next; (next = _oracle.nextBlockNumber()) < 2000;) {
            if (_proposer.openFrom(next) > block.timestamp) break;
            _bonded(_alice, RIGHT);
        }
        uint256 block_ = _oracle.nextBlockNumber();
        uint256 due = _oracle.computeL2Timestamp(block_);
        vm.warp(bound(age, block.timestamp, due + WINDOW - 1));
        _bondedReverts(
            _alice,
            RIGHT,
            abi.encodeWithSelector(IOutputProposer.BlockTooYoung.selector, block.timestamp, due + WINDOW)
        );
        assertEq(_proposer.openFrom(block_), due + WINDOW);
        vm.warp(due + WINDOW);
        _bonded(_alice, RIGHT);
    }

    function test_proposeL2Output_opensOnceTheOperatorsOutputIsDeleted() public {
        _operates(RIGHT);
        _operates(WRONG);
        assertEq(_proposer.operatorHeardAt(), block.timestamp);
        _bondedReverts(_alice, RIGHT, _notSilent());
        _deletes(1);
        assertEq(_proposer.operatorHeardAt(), 0);
        skip(1);
        _bonded(_alice, RIGHT);
        assertEq(_proposer.operatorHeardAt(), 0);
        _operates(RIGHT);
        assertEq(_proposer.operatorHeardAt(), block.timestamp);
    }

    function test_proposeL2Output_refusesWhatTheOracleRefuses() public {
        skip(SILENCE);
        vm.roll(500);
        address[2] memory callers = [_operator, _alice];
        for (uint256 i = 0; i < 2; i++) {
            uint256 value = i * BOND;
            vm.startPrank(callers[i]);
            vm.expectRevert("not the next block");
            _proposer.proposeL2Output{value: value}(RIGHT, 27, 0, 0);
            vm.expectRevert("not the next block");
            _proposer.proposeL2Output{value: value}(RIGHT, 7, 0, 0);
            vm.expectRevert("another L1 block");
            _proposer.proposeL2Output{value: value}(RIGHT, 17, WRONG, 499);
            vm.stopPrank();
        }
        vm.warp(_oracle.computeL2Timestamp(17));
        vm.prank(_operator);
        vm.expectRevert("in the future");
        _proposer.proposeL2Output(RIGHT, 17, 0, 0);
        assertEq(_proposer.bondsPosted(), 0);
        assertEq(address(_proposer).balance, 0);
        assertEq(_alice.balance, 100 ether);
    }

    function testFuzz_proposeL2Output_postsABond(address caller, bytes32 root) public {
        vm.assume(caller != _operator && root != 0);
        skip(SILENCE);
        vm.deal(caller, BOND);
        vm.expectEmit(address(_proposer));
        emit IOutputProposer.BondPosted(0, caller, 17, root);
        vm.prank(caller);
        _proposer.proposeL2Output{value: BOND}(root, 17, 0, 0);
        IOutputProposer.Bond memory bond = _proposer.bondOf(0);
        assertEq(bond.proposer, caller);
        assertEq(bond.proposedAt, block.timestamp);
        assertEq(bond.outputRoot, root);
        assertEq(bond.l2BlockNumber, 17);
        assertEq(address(_proposer).balance, BOND);
        assertEq(address(_oracle).balance, 0);
    }

    /* SETTLEMENT */

    function testFuzz_settle_revertsIfNoSuchBond(uint256 bondId) public {
        vm.expectRevert(abi.encodeWithSelector(IOutputProposer.NoSuchBond.selector, bondId));
        _proposer.settle(bondId);
    }

    function testFuzz_settle_returnsOnceTheSameRootMatured(uint256 wait, bytes32 root) public {
        vm.assume(root != 0);
        skip(SILENCE);
        _bonded(_alice, root);
        uint256 at = block.timestamp;
        vm.warp(at + bound(wait, 0, PERIOD - 1));
        _settleReverts(0);
        vm.warp(at + PERIOD + bound(wait, 0, 3650 days));
        _settles(0, _alice);
        vm.expectRevert(abi.encodeWithSelector(IOutputProposer.NoSuchBond.selector, 0));
        _proposer.settle(0);
    }

    function testFuzz_settle_forfeitsOnceAnotherRootMatured(uint256 wait, bytes32 wrong) public {
        vm.assume(wrong != 0 && wrong != RIGHT);
        skip(SILENCE);
        _bonded(_alice, wrong);
        _deletes(0);
        skip(3 days);
        _operates(RIGHT);
        uint256 at = block.timestamp;
        vm.warp(at + bound(wait, 0, PERIOD - 1));
        _settleReverts(0);
        vm.warp(at + PERIOD + bound(wait, 0, 3650 days));
        _settles(0, _challenger);
    }

    function test_settle_aDeletedRightRootLosesNothing() public {
        skip(SILENCE);
        uint256 wrong = _bonded(_bob, WRONG);
        uint256 right = _bonded(_alice, RIGHT);
        _deletes(0);
        // Index 0 and the block of the wrong root again, then the right one's, by others.
        _operates(RIGHT);
        skip(PERIOD);
        _settleReverts(right);
        _operates(RIGHT);
        skip(PERIOD);
        _settles(right, _alice);
        _settles(wrong, _challenger);
    }

    function test_settle_judgesEachOfSeveralBondsForABlock() public {
        skip(SILENCE);
        uint256 first = _bonded(_alice, RIGHT);
        _deletes(0);
        uint256 second = _bonded(_bob, WRONG);
        _deletes(0);
        uint256 third = _bonded(_bob, RIGHT);
        _deletes(0);
        uint256 last = _bonded(_alice, RIGHT);
        skip(PERIOD);
        _settles(third, _bob);
        _settles(first, _alice);
        _settles(last, _alice);
        _settles(second, _challenger);
        assertEq(_proposer.creditOf(_alice), 2 * BOND);
        assertEq(_proposer.creditOf(_bob), BOND);
        assertEq(_proposer.creditOf(_challenger), BOND);
        assertEq(address(_proposer).balance, 4 * BOND);
    }

    function testFuzz_settle_returnsWhenNothingMatures(bytes32 root, uint256 later) public {
        vm.assume(root != 0);
        skip(SILENCE);
        _bonded(_alice, root);
        _deletes(0);
        skip(30 days);
        _settleReverts(0);
        skip(1 + bound(later, 0, 365 days));
        _settles(0, _alice);
    }

    function testFuzz_settle_countsWhatMaturedInTimeOnly(int256 shift, uint256 later) public {
        shift = bound(shift, -1 days, 1 days);
        skip(SILENCE);
        _bonded(_alice, WRONG);
        uint256 deadline = block.timestamp + 30 days;
        _deletes(0);
        vm.warp(uint256(int256(deadline - PERIOD) + shift));
        _operates(RIGHT);
        vm.warp(deadline + 1 days + 1 + bound(later, 0, 365 days));
        _settles(0, shift <= 0 ? _challenger : _alice);
    }

    function test_settle_isNotDecidedByAnotherBlock() public {
        skip(SILENCE);
        _bonded(_alice, RIGHT);
        skip(PERIOD);
        vm.mockCall(
            address(_oracle),
            abi.encodeCall(_oracle.getL2OutputAfter, (17)),
            abi.encode(WRONG, uint128(block.timestamp - PERIOD), uint128(18))
        );
        _settleReverts(0);
        skip(30 days);
        _settles(0, _alice);
    }

    /* CLAIM */

    function test_claim_paysWhatIsBooked() public {
        skip(SILENCE);
        _bonded(_alice, RIGHT);
        _bonded(_alice, RIGHT);
        skip(PERIOD);
        _proposer.settle(0);
        _proposer.settle(1);
        vm.startPrank(_alice);
        vm.expectRevert(IOutputProposer.ZeroRecipient.selector);
        _proposer.claim(address(0));
        vm.expectEmit(address(_proposer));
        emit IOutputProposer.Claimed(_alice, _bob, 2 * BOND);
        assertEq(_proposer.claim(_bob), 2 * BOND);
        assertEq(_bob.balance, 102 ether);
        vm.expectRevert(abi.encodeWithSelector(IOutputProposer.NothingToClaim.selector, _alice));
        _proposer.claim(_alice);
    }

    function test_claim_aRecipientThatRefusesHoldsUpNobody() public {
        ClosedRecipient closed = new ClosedRecipient{value: BOND}(_proposer);
        skip(SILENCE);
        closed.propose(RIGHT, _oracle.nextBlockNumber());
        _bonded(_alice, RIGHT);
        skip(PERIOD);
        _settles(0, address(closed));
        _settles(1, _alice);
        vm.expectRevert();
        closed.claim(address(closed));
        vm.prank(_alice);
        _proposer.claim(_alice);
        closed.claim(_bob);
        assertEq(_bob.balance, 101 ether);
        assertEq(address(_proposer).balance, 0);
    }

    function test_claim_paysOnceWhoeverCallsBack() public {
        GreedyRecipient greedy = new GreedyRecipient{value: BOND}(_proposer);
        skip(SILENCE);
        greedy.propose(RIGHT, _oracle.nextBlockNumber());
        _bonded(_alice, RIGHT);
        skip(PERIOD);
        _proposer.settle(0);
        greedy.claim(address(greedy));
        assertEq(greedy.refusals(), 2);
        assertEq(address(greedy).balance, BOND);
        assertEq(address(_proposer).balance, BOND);
    }

    /* EVERYTHING ELSE */

    function test_fallback_answersAsTheOracle() public {
        _operates(RIGHT);
        OracleModel asked = OracleModel(address(_proposer));
        assertEq(asked.nextBlockNumber(), 27);
        assertEq(asked.version(), "1.8.0");
        assertEq(asked.proposer(), address(_proposer));
        assertEq(asked.getL2Output(0).outputRoot, RIGHT);
        vm.expectRevert("not proposed");
        asked.getL2OutputAfter(18);
    }

    function test_fallback_changesNothing() public {
        _operates(RIGHT);
        vm.expectRevert();
        OracleModel(address(_proposer)).setProposer{gas: 100_000}(_alice);
        vm.prank(_challenger);
        vm.expectRevert();
        OracleModel(address(_proposer)).deleteL2Outputs{gas: 100_000}(0);
        assertEq(_oracle.proposer(), address(_proposer));
        assertEq(_oracle.nextOutputIndex(), 1);
        vm.deal(address(this), 1);
        (bool done,) = address(_proposer).call{value: 1}("");
        assertFalse(done);
    }

    /* INTERNALS */

    function _operates(bytes32 root) private {
        uint256 next = _oracle.nextBlockNumber();
        vm.prank(_operator);
        _proposer.proposeL2Output(root, next, 0, 0);
    }

    function _bonded(address who, bytes32 root) private returns (uint256 bondId) {
        bondId = _proposer.bondsPosted();
        uint256 next = _oracle.nextBlockNumber();
        vm.prank(who);
        _proposer.proposeL2Output{value: BOND}(root, next, 0, 0);
    }

    function _bondedReverts(address who, bytes32 root, bytes memory error) private {
        uint256 next = _oracle.nextBlockNumber();
        vm.prank(who);
        vm.expectRevert(error);
        _proposer.proposeL2Output{value: BOND}(root, next, 0, 0);
    }

    function _notSilent() private view returns (bytes memory) {
        uint256 silentFrom = _proposer.operatorHeardAt() + SILENCE;
        return abi.encodeWithSelector(IOutputProposer.OperatorNotSilent.selector, block.timestamp, silentFrom);
    }

    function _deletes(uint256 index) private {
        vm.prank(_challenger);
        _oracle.deleteL2Outputs(index);
    }

    function _settles(uint256 bondId, address recipient) private {
        uint256 before = _proposer.creditOf(recipient);
        bool isReturned = recipient != _challenger;
        vm.expectEmit(address(_proposer));
        emit IOutputProposer.BondSettled(
            bondId,
            recipient,
            isReturned ? IOutputProposer.Verdict.Returned : IOutputProposer.Verdict.Forfeited
        );
        assertEq(_proposer.settle(bondId), recipient);
        assertEq(_proposer.creditOf(recipient), before + BOND);
    }

    function _settleReverts(uint256 bondId) private {
        vm.expectRevert(abi.encodeWithSelector(IOutputProposer.BondOpen.selector, bondId));
        _proposer.settle(bondId);
    }
}
