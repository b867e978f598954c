// SPDX-License-Identifier: MIT
pragma solidity 0.8.30;

// Time is what is tested here.
// forge-lint: disable-start(block-timestamp)

// Casts in this file are of bounded or literal values.
// forge-lint: disable-start(unsafe-typecast)

import {IProvenDays} from "../../../contracts/interfaces/IProvenDays.sol";
import {IRewardIndex} from "../../../contracts/interfaces/IRewardIndex.sol";
import {ISignerBonds} from "../../../contracts/interfaces/ISignerBonds.sol";
import {RewardIndex} from "../../../contracts/oracle/RewardIndex.sol";
import {SignerBonds} from "../../../contracts/oracle/SignerBonds.sol";
import {BaseTest} from "../BaseTest.sol";
import {BuriedBlocks} from "../mocks/BuriedBlocks.sol";

// fund
// ├── when nothing is sent → reverts NothingFunded; when the signer was slashed → SignerSlashed
// └── otherwise → the bond grows, whoever pays
// proveEquivocation
// ├── when network, day or round differ → reverts DifferentSubjects
// ├── when both say the same, under whatever configs → reverts SameStatement
// ├── when two signers signed → reverts DifferentSigners; malleable, short → InvalidSignature
// ├── when the signer has no bond, or lost it → reverts NothingAtStake
// └── otherwise → all of the bond goes, 20 % to the caller, the rest to nobody
// accuse
// ├── when the day is not proven → reverts DayNotProven; attested networks never are
// ├── when the totals are not the proven ones → reverts WrongTotals
// ├── when the report says what was proven, or carried → reverts NoContradiction
// ├── when it names the proven block → slashed at once, substituted day or not
// ├── when it names another → accused, once a block
// └── of a foreign chain, contract or signature → another signer, who has nothing at stake
// defend
// ├── when there is no such accusation, or it is over → reverts AccusationNotOpen
// ├── when 7 epochs are over → reverts DefenceOver
// ├── when the block is not buried → reverts NotBuried
// └── otherwise → the bond stays, and nobody accuses of that block again
// settle
// ├── when 7 epochs are not over → reverts DefenceNotOver
// └── otherwise → slashed, the accuser is paid
// withdraw
// ├── when it has no bond → reverts NothingAtStake; to nobody → ZeroRecipient
// ├── when it is a signer → reverts StillSigner
// ├── when an accusation is open → reverts AccusationsOpen
// ├── when not all is proven for 7 epochs, nor 30 epochs over → reverts BondLocked
// └── otherwise → paid, once, whoever calls back
// claim
// └── pays what was earned, once; nothing → reverts NothingToClaim
contract SignerBondsTest is BaseTest {
    uint256 private constant CURVE_ORDER = 0xfffffffffffffffffffffffffffffffebaaedce6af48a03bbfd25e8cd0364141;
    uint256 private constant BOND = 10 ether;
    /// @dev The second network: attested, with the same signers.
    uint32 private constant ETH = 2;

    SignerBonds private bonds;
    BuriedBlocks private relay;
    address private accuser = makeAddr("accuser");
    address private signer;
    uint256 private key;

    receive() external payable {
        // A recipient that calls back gets no more than its own.
        vm.expectRevert();
        bonds.withdraw(address(this));
        vm.expectRevert();
        bonds.claim(address(this));
    }

    function setUp() public override {
        super.setUp();
        relay = new BuriedBlocks();
        prover = address(relay);
        IRewardIndex.NetworkConfig[] memory networks = new IRewardIndex.NetworkConfig[](2);
        networks[0] = networkConfig(IRewardIndex.NetworkClass.Proven, 1, addressesOf(keys));
        networks[1] = networkConfig(IRewardIndex.NetworkClass.Attested, 1, addressesOf(keys));
        rewardIndex =
            new RewardIndex(IRewardIndex.Clock(FIRST_EPOCH, START, EPOCH_SECONDS), timelock, networks);
        bonds = new SignerBonds(rewardIndex);
        key = keys[2];
        signer = vm.addr(key);
        _fund(signer, BOND);
    }

    /* FUND */

    function testFuzz_fund_addsToTheBond(address by, uint96 amount, address of_) public {
        vm.assume(amount > 0 && of_ != signer);
        vm.deal(by, amount);
        vm.expectEmit(address(bonds));
        emit ISignerBonds.Funded(of_, by, amount);
        vm.prank(by);
        bonds.fund{value: amount}(of_);
        assertEq(bonds.bondOf(of_), amount);
        assertEq(bonds.bondOf(signer), BOND);
    }

    function test_fund_revertsIfNothingOrSlashed() public {
        vm.expectRevert(ISignerBonds.NothingFunded.selector);
        bonds.fund(signer);
        _equivocate(signer, key);
        vm.expectRevert(abi.encodeWithSelector(ISignerBonds.SignerSlashed.selector, signer));
        bonds.fund{value: 1}(signer);
    }

    /* EQUIVOCATION */

    function testFuzz_proveEquivocation_slashes(
        IRewardIndex.Report memory report,
        uint256 field,
        uint256 value,
        bytes32[2] memory configs,
        uint96 bond
    ) public {
        bond = uint96(bound(bond, 1, type(uint96).max));
        (address liar, uint256 liarKey) = makeAddrAndKey("liar");
        _fund(liar, bond);
        IRewardIndex.Report memory other = abi.decode(abi.encode(report), (IRewardIndex.Report));
        _change(other, bound(field, 0, 7), value);
        vm.assume(keccak256(abi.encode(report)) != keccak256(abi.encode(other)));
        ISignerBonds.SignedReport memory one = _signed(liarKey, configs[0], report);
        ISignerBonds.SignedReport memory two = _signed(liarKey, configs[1], other);
        uint256 burned = address(0).balance;

        vm.expectEmit(address(bonds));
        emit ISignerBonds.Slashed(liar, accuser, bond / 5, bond - bond / 5);
        vm.prank(accuser);
        bonds.proveEquivocation(one, two);

        assertEq(bonds.bondOf(liar), 0);
        assertTrue(bonds.isSlashed(liar));
        assertEq(bonds.creditOf(accuser), bond / 5);
        assertEq(address(0).balance - burned, bond - bond / 5);
        assertEq(address(bonds).balance, BOND + bond / 5);
    }

    function testFuzz_proveEquivocation_revertsIfSubjectsDiffer(uint256 field, uint32 by) public {
        IRewardIndex.Report memory one = reportFor(FIRST_EPOCH);
        IRewardIndex.Report memory other = reportFor(FIRST_EPOCH);
        other.subsidy++;
        by = uint32(bound(by, 1, 1e6));
        field = field % 3;
        if (field == 0) other.network += by;
        if (field == 1) other.day += uint24(by);
        if (field == 2) other.round += by;
        _equivocationReverts(
            _signed(key, 0, one),
            _signed(key, 0, other),
            abi.encodePacked(ISignerBonds.DifferentSubjects.selector)
        );
    }

    /// @dev A report that a signer repeats under a new config, or whose signature somebody else turned, is said once.
    function testFuzz_proveEquivocation_revertsIfSaidOnce(bytes32[2] memory configs) public {
        IRewardIndex.Report memory report = reportFor(FIRST_EPOCH);
        ISignerBonds.SignedReport memory again = _signed(key, configs[1], report);
        bytes memory reason = abi.encodePacked(ISignerBonds.SameStatement.selector);
        _equivocationReverts(_signed(key, configs[0], report), again, reason);
        again.signature = _turned(again.signature);
        _equivocationReverts(_signed(key, configs[0], report), again, reason);
    }

    function testFuzz_proveEquivocation_revertsIfSignaturesAreWrong(uint256 cut, uint256 other) public {
        IRewardIndex.Report memory report = reportFor(FIRST_EPOCH);
        ISignerBonds.SignedReport memory first = _signed(key, 0, report);
        report = reportFor(FIRST_EPOCH);
        report.subsidy++;
        ISignerBonds.SignedReport memory second = _signed(key, 0, report);
        bytes memory whole = second.signature;
        bytes memory invalid = abi.encodePacked(ISignerBonds.InvalidSignature.selector);
        second.signature = _turned(whole);
        _equivocationReverts(first, second, invalid);
        second.signature = new bytes(bound(cut, 0, 64));
        _equivocationReverts(first, second, invalid);
        second.signature = bytes.concat(whole, hex"00");
        _equivocationReverts(first, second, invalid);

        uint256 otherKey = keys[bound(other, 0, 1)];
        second = _signed(otherKey, 0, report);
        _equivocationReverts(
            first,
            second,
            abi.encodeWithSelector(ISignerBonds.DifferentSigners.selector, signer, vm.addr(otherKey))
        );
    }

    function test_proveEquivocation_takesABondOnce() public {
        _equivocate(signer, key);
        assertEq(bonds.creditOf(address(this)), BOND / 5);
        (ISignerBonds.SignedReport memory one, ISignerBonds.SignedReport memory other) = _two(key);
        bytes memory reason = abi.encodeWithSelector(ISignerBonds.NothingAtStake.selector, signer);
        _equivocationReverts(one, other, reason);
        _equivocationReverts(other, one, reason);
        // Whoever never had a bond cannot be marked beforehand, so as to be immune later.
        (one, other) = _two(keys[0]);
        _equivocationReverts(
            one, other, abi.encodeWithSelector(ISignerBonds.NothingAtStake.selector, vm.addr(keys[0]))
        );
        assertFalse(bonds.isSlashed(vm.addr(keys[0])));
    }

    /// @dev A day that was voided is signed anew in the next round: two statements, no offence.
    function test_proveEquivocation_revertsOfADaySignedAnewAfterAVoid() public {
        IRewardIndex.Report memory voided = _ethReport(FIRST_EPOCH, 1);
        vm.warp(endOf(FIRST_EPOCH) + EPOCH_SECONDS / 4);
        rewardIndex.attest(voided, signAll(keys, 3, rewardIndex.hashReport(voided)));
        vm.prank(challenger);
        rewardIndex.voidDay(ETH, FIRST_EPOCH);
        IRewardIndex.Report memory anew = _ethReport(FIRST_EPOCH, 2);
        anew.poolRowsRoot = keccak256("right rows");
        rewardIndex.attest(anew, signAll(keys, 3, rewardIndex.hashReport(anew)));

        bytes32 config = rewardIndex.configDigest(ETH);
        _equivocationReverts(
            _signed(key, config, voided),
            _signed(key, config, anew),
            abi.encodePacked(ISignerBonds.DifferentSubjects.selector)
        );
    }

    /* ACCUSE */

    function testFuzz_accuse_slashesAtOnceWhereTheBlockIsTheProvenOne(
        uint256 field,
        uint256 value,
        uint32 round,
        bytes32 config,
        bool substituted
    ) public {
        vm.warp(endOf(FIRST_EPOCH) + 30 * EPOCH_SECONDS);
        if (substituted) rewardIndex.substitute(BTC, FIRST_EPOCH);
        _proveDay(FIRST_EPOCH);
        IRewardIndex.Report memory lie = reportFor(FIRST_EPOCH);
        lie.round = round;
        uint256[6] memory numbers = [uint256(0), 2, 3, 4, 5, 6];
        _change(lie, numbers[bound(field, 0, 5)], value);
        vm.assume(keccak256(abi.encode(_totalsOf(lie))) != keccak256(abi.encode(totalsFor(FIRST_EPOCH))));

        ISignerBonds.SignedReport memory signed = _signed(key, config, lie);
        vm.expectEmit(address(bonds));
        emit ISignerBonds.Slashed(signer, accuser, BOND / 5, BOND - BOND / 5);
        assertEq(_accuse(accuser, signed), bytes32(0));
        assertEq(bonds.bondOf(signer), 0);
    }

    /// @dev Units × 1000: in no quorum, since nobody agrees.
    function test_accuse_slashesALoneLiar() public {
        vm.warp(endOf(FIRST_EPOCH));
        IRewardIndex.Report memory truth = reportFor(FIRST_EPOCH);
        IRewardIndex.Report memory lie = reportFor(FIRST_EPOCH);
        lie.subsidy *= 1000;
        bytes32 config = rewardIndex.configDigest(BTC);
        uint256[] memory honest = new uint256[](3);
        (honest[0], honest[1], honest[2]) = (keys[0], keys[1], keys[3]);
        rewardIndex.attest(truth, signAll(honest, 3, rewardIndex.hashReport(truth)));
        _proveDay(FIRST_EPOCH);
        bonds.accuse(_signed(key, config, lie), totalsFor(FIRST_EPOCH));
        assertEq(bonds.bondOf(signer), 0);
        _fund(vm.addr(keys[0]), BOND);
        _accuseReverts(
            _signed(keys[0], config, truth),
            totalsFor(FIRST_EPOCH),
            abi.encodePacked(ISignerBonds.NoContradiction.selector)
        );
    }

    function testFuzz_accuse_revertsIfItIsNoContradiction(bytes32 rows, uint32 round, bool carried) public {
        vm.warp(endOf(FIRST_EPOCH + 1));
        _proveDay(FIRST_EPOCH);
        relay.proveEmpty(rewardIndex, BTC, FIRST_EPOCH + 1);
        IRewardIndex.Report memory report = reportFor(FIRST_EPOCH);
        // Of a day without blocks the nodes say what the day before was.
        if (carried) report.day++;
        (report.poolRowsRoot, report.round) = (rows, round);
        _accuseReverts(
            _signed(key, 0, report),
            totalsFor(FIRST_EPOCH),
            abi.encodePacked(ISignerBonds.NoContradiction.selector)
        );
    }

    function testFuzz_accuse_revertsIfDayIsNotProven(bool eth, bool empty) public {
        vm.warp(endOf(FIRST_EPOCH + 40));
        IRewardIndex.Report memory report = reportFor(FIRST_EPOCH);
        if (eth) {
            report = _ethReport(FIRST_EPOCH, 1);
            rewardIndex.attest(report, signAll(keys, 3, rewardIndex.hashReport(report)));
        } else {
            rewardIndex.substitute(BTC, FIRST_EPOCH);
        }
        // Nothing was said of the first day, when it had no block.
        if (empty) relay.proveEmpty(rewardIndex, BTC, FIRST_EPOCH);
        report.subsidy++;
        _accuseReverts(
            _signed(key, 0, report),
            totalsFor(FIRST_EPOCH),
            abi.encodeWithSelector(ISignerBonds.DayNotProven.selector, report.network, FIRST_EPOCH)
        );
    }

    function testFuzz_accuse_revertsIfTotalsAreNotTheProvenOnes(uint256 field, uint256 value) public {
        _proveDayOver(FIRST_EPOCH);
        IRewardIndex.Report memory made = reportFor(FIRST_EPOCH);
        _change(made, bound(field, 0, 6), value);
        IProvenDays.Totals memory up = _totalsOf(made);
        bytes32 proven = keccak256(abi.encode(totalsFor(FIRST_EPOCH)));
        bytes32 given = keccak256(abi.encode(up));
        vm.assume(given != proven);
        _accuseReverts(
            _signed(key, 0, reportFor(FIRST_EPOCH)),
            up,
            abi.encodeWithSelector(ISignerBonds.WrongTotals.selector, given, proven)
        );
    }

    /// @dev Signed for another chain or another index: somebody else's signature here, who has no bond.
    function testFuzz_accuse_revertsIfSignedElsewhere(uint64 chainId, bool chain) public {
        vm.assume(chainId != 0 && chainId != block.chainid);
        _proveDayOver(FIRST_EPOCH);
        IRewardIndex.Report memory lie = reportFor(FIRST_EPOCH);
        lie.subsidy++;
        RewardIndex twin = deployRewardIndex(networkConfig(1, addressesOf(keys)));
        uint256 here = block.chainid;
        if (chain) vm.chainId(chainId);
        bytes32 digest = (chain ? rewardIndex : twin).hashReportUnder(0, lie);
        vm.chainId(here);
        vm.expectPartialRevert(ISignerBonds.NothingAtStake.selector);
        bonds.accuse(ISignerBonds.SignedReport(0, lie, sign(key, digest)), totalsFor(FIRST_EPOCH));
        assertEq(bonds.bondOf(signer), BOND);
    }

    /// @dev Not signed by anybody: v, r and s at random.
    function testFuzz_accuse_revertsIfSignatureIsForged(bytes32 r, bytes32 s, bool v) public {
        _proveDayOver(FIRST_EPOCH);
        IRewardIndex.Report memory lie = reportFor(FIRST_EPOCH);
        lie.subsidy++;
        vm.expectRevert();
        bonds.accuse(
            ISignerBonds.SignedReport(0, lie, abi.encodePacked(r, s, v ? uint8(27) : 28)),
            totalsFor(FIRST_EPOCH)
        );
    }

    /* REORGANISATION */

    function testFuzz_defend_keepsTheBond(bytes32 left, uint256 wait, address by) public {
        (bytes32 id, IRewardIndex.Report memory report) = _accusedOf(left);
        ISignerBonds.Accusation memory accusation = bonds.accusationOf(id);
        assertEq(accusation.signer, signer);
        assertEq(accusation.accuser, accuser);
        assertEq(accusation.deadline, block.timestamp + 7 * EPOCH_SECONDS);
        assertEq(bonds.openAccusationsOf(signer), 1);
        vm.warp(block.timestamp + bound(wait, 0, 7 * EPOCH_SECONDS - 1));
        bytes memory headers = abi.encode(report.lastBlockHash, FIRST_EPOCH);

        vm.expectEmit(address(bonds));
        emit ISignerBonds.Refuted(id, signer);
        vm.prank(by);
        bonds.defend(id, headers);

        assertEq(bonds.bondOf(signer), BOND);
        assertEq(bonds.openAccusationsOf(signer), 0);
        vm.warp(block.timestamp + 7 * EPOCH_SECONDS);
        bytes memory notOpen = abi.encodeWithSelector(ISignerBonds.AccusationNotOpen.selector, id);
        vm.expectRevert(notOpen);
        bonds.settle(id);
        vm.expectRevert(notOpen);
        bonds.defend(id, headers);
        // In another round, or with other numbers: the same block.
        (report.round, report.subsidy) = (9, 1);
        _accuseReverts(
            _signed(key, 0, report),
            totalsFor(FIRST_EPOCH),
            abi.encodeWithSelector(ISignerBonds.AlreadyAccused.selector, id)
        );
    }

    function testFuzz_settle_slashesWhoShowsNothing(bytes32 left, uint256 late, address by) public {
        (bytes32 id,) = _accusedOf(left);
        vm.warp(block.timestamp + 7 * EPOCH_SECONDS + bound(late, 0, 1e6));
        vm.prank(by);
        bonds.settle(id);
        assertEq(bonds.bondOf(signer), 0);
        assertEq(bonds.creditOf(accuser), BOND / 5);
        assertEq(bonds.openAccusationsOf(signer), 0);
        vm.expectRevert(abi.encodeWithSelector(ISignerBonds.AccusationNotOpen.selector, id));
        bonds.settle(id);
    }

    function testFuzz_settle_revertsIfDefenceIsNotOver(bytes32 left, uint256 wait) public {
        (bytes32 id,) = _accusedOf(left);
        uint256 deadline = block.timestamp + 7 * EPOCH_SECONDS;
        vm.warp(bound(wait, block.timestamp, deadline - 1));
        vm.expectRevert(
            abi.encodeWithSelector(ISignerBonds.DefenceNotOver.selector, block.timestamp, deadline)
        );
        bonds.settle(id);
    }

    function testFuzz_defend_revertsIfLateOrNotBuried(bytes32 left, bytes calldata headers, uint256 late)
        public
    {
        (bytes32 id, IRewardIndex.Report memory report) = _accusedOf(left);
        vm.expectRevert(abi.encodeWithSelector(ISignerBonds.NotBuried.selector, report.lastBlockHash));
        bonds.defend(id, headers);
        // Buried, as a block of another day.
        vm.expectRevert(abi.encodeWithSelector(ISignerBonds.NotBuried.selector, report.lastBlockHash));
        bonds.defend(id, abi.encode(report.lastBlockHash, FIRST_EPOCH - 1));
        uint256 deadline = block.timestamp + 7 * EPOCH_SECONDS;
        vm.warp(deadline + bound(late, 0, 1e6));
        vm.expectRevert(abi.encodeWithSelector(ISignerBonds.DefenceOver.selector, block.timestamp, deadline));
        bonds.defend(id, abi.encode(report.lastBlockHash, FIRST_EPOCH));
        vm.expectRevert(abi.encodeWithSelector(ISignerBonds.AccusationNotOpen.selector, bytes32(0)));
        bonds.defend(0, headers);
    }

    /// @dev The first who accuses has the reward, and two accusations take one bond.
    function test_settle_takesABondOnce() public {
        (bytes32 id, IRewardIndex.Report memory report) = _accusedOf("left");
        report.lastBlockHash = "another one";
        bytes32 second = _accuse(anyone, _signed(key, 0, report));
        assertEq(bonds.openAccusationsOf(signer), 2);
        vm.warp(block.timestamp + 7 * EPOCH_SECONDS);
        bonds.settle(second);
        vm.expectRevert(abi.encodeWithSelector(ISignerBonds.NothingAtStake.selector, signer));
        bonds.settle(id);
        assertEq(bonds.creditOf(anyone), BOND / 5);
        assertEq(bonds.creditOf(accuser), 0);
        assertEq(address(bonds).balance, BOND / 5);
    }

    /* WITHDRAWAL */

    function test_withdraw_revertsIfSignerAnywhere() public {
        vm.prank(timelock);
        rewardIndex.changeSigners(BTC, 0, _only(keys[0]));
        vm.prank(signer);
        vm.expectRevert(abi.encodeWithSelector(ISignerBonds.StillSigner.selector, signer, 1));
        bonds.withdraw(signer);
    }

    /// @dev Free 7 epochs after the last day that was over when it left is proven, but 30 after it left at the latest.
    function testFuzz_withdraw_waitsForTheProofs(uint256 over, uint256 provenAfter, uint256 wait) public {
        over = bound(over, 0, 3);
        uint256 leftAt = endOf(FIRST_EPOCH) - EPOCH_SECONDS + over * EPOCH_SECONDS;
        provenAfter = bound(provenAfter, 0, 40 * EPOCH_SECONDS);
        vm.warp(leftAt);
        _leave();
        uint256 free = leftAt + 7 * EPOCH_SECONDS + (over == 0 ? 0 : provenAfter);
        uint256 latest = leftAt + 30 * EPOCH_SECONDS;
        if (free > latest) free = latest;

        vm.warp(leftAt + provenAfter);
        bool before = block.timestamp < free;
        if (before && over > 0) {
            assertEq(bonds.unlocksAt(signer), latest);
            vm.prank(signer);
            vm.expectRevert(abi.encodeWithSelector(ISignerBonds.BondLocked.selector, block.timestamp, latest));
            bonds.withdraw(signer);
        }
        for (uint24 i = 0; i < over; i++) {
            _proveDay(FIRST_EPOCH + i);
        }
        assertEq(bonds.unlocksAt(signer), free);
        vm.warp(free - 1);
        vm.prank(signer);
        vm.expectRevert(abi.encodeWithSelector(ISignerBonds.BondLocked.selector, free - 1, free));
        bonds.withdraw(signer);
        vm.warp(free + bound(wait, 0, 1e6));
        vm.expectEmit(address(bonds));
        emit ISignerBonds.Withdrawn(signer, miner, BOND);
        vm.prank(signer);
        bonds.withdraw(miner);
        assertEq(miner.balance, BOND);
    }

    /// @dev Whoever comes back to a set is locked again, from its second leave on.
    function test_withdraw_countsFromTheLastLeave() public {
        _leave();
        vm.warp(block.timestamp + 31 * EPOCH_SECONDS);
        vm.prank(timelock);
        rewardIndex.changeSigners(ETH, 0, _only(key));
        vm.prank(signer);
        vm.expectRevert(abi.encodeWithSelector(ISignerBonds.StillSigner.selector, signer, 1));
        bonds.withdraw(signer);
        vm.prank(timelock);
        rewardIndex.changeSigners(ETH, 0, _only(keys[0]));
        assertEq(bonds.unlocksAt(signer), block.timestamp + 30 * EPOCH_SECONDS);
    }

    /// @dev Accused in the last second: the bond waits for the verdict.
    function test_withdraw_revertsWhileAccused() public {
        vm.warp(endOf(FIRST_EPOCH));
        _leave();
        _proveDay(FIRST_EPOCH);
        vm.warp(bonds.unlocksAt(signer) - 1);
        (bytes32 id, IRewardIndex.Report memory report) = _accusedNow("left");
        vm.warp(block.timestamp + 5);
        vm.prank(signer);
        vm.expectRevert(abi.encodeWithSelector(ISignerBonds.AccusationsOpen.selector, signer, 1));
        bonds.withdraw(signer);
        bonds.defend(id, abi.encode(report.lastBlockHash, FIRST_EPOCH));
        vm.prank(signer);
        bonds.withdraw(signer);
        assertEq(signer.balance, BOND);
    }

    /// @dev By somebody who was never a signer, and whose address calls back.
    function test_withdraw_paysOnce() public {
        _fund(address(this), 3 ether);
        vm.warp(endOf(FIRST_EPOCH));
        vm.expectRevert(ISignerBonds.ZeroRecipient.selector);
        bonds.withdraw(address(0));
        uint256 before = address(this).balance;
        assertEq(bonds.withdraw(address(this)), 3 ether);
        assertEq(address(this).balance - before, 3 ether);
        assertEq(address(bonds).balance, BOND);
        vm.expectRevert(abi.encodeWithSelector(ISignerBonds.NothingAtStake.selector, address(this)));
        bonds.withdraw(address(this));
    }

    function test_claim_paysOnce() public {
        _equivocate(signer, key);
        vm.expectRevert(ISignerBonds.ZeroRecipient.selector);
        bonds.claim(address(0));
        uint256 before = address(this).balance;
        vm.expectEmit(address(bonds));
        emit ISignerBonds.Claimed(address(this), address(this), BOND / 5);
        assertEq(bonds.claim(address(this)), BOND / 5);
        assertEq(address(this).balance - before, BOND / 5);
        assertEq(address(bonds).balance, 0);
        vm.expectRevert(abi.encodeWithSelector(ISignerBonds.NothingToClaim.selector, address(this)));
        bonds.claim(address(this));
    }

    /* EDGES */

    function test_defend_revertsAtTheDeadline() public {
        (bytes32 id, IRewardIndex.Report memory report) = _accusedOf("left");
        uint256 deadline = block.timestamp + 7 * EPOCH_SECONDS;
        vm.warp(deadline);
        vm.expectRevert(abi.encodeWithSelector(ISignerBonds.DefenceOver.selector, deadline, deadline));
        bonds.defend(id, abi.encode(report.lastBlockHash, FIRST_EPOCH));
    }

    function test_accuse_revertsIfNothingIsAtStake() public {
        _proveDayOver(FIRST_EPOCH);
        IRewardIndex.Report memory report = reportFor(FIRST_EPOCH);
        report.lastBlockHash = "left";
        address poor = vm.addr(keys[0]);
        _accuseReverts(
            _signed(keys[0], 0, report),
            totalsFor(FIRST_EPOCH),
            abi.encodeWithSelector(ISignerBonds.NothingAtStake.selector, poor)
        );
        _fund(poor, 1);
        ISignerBonds.Accusation memory facts = ISignerBonds.Accusation({
            signer: poor,
            deadline: uint64(block.timestamp + 7 * EPOCH_SECONDS),
            state: ISignerBonds.AccusationState.Open,
            accuser: accuser,
            network: BTC,
            day: FIRST_EPOCH,
            blockHash: "left"
        });
        bytes32 id = keccak256(abi.encode(poor, BTC, FIRST_EPOCH, bytes32("left")));
        vm.expectEmit(address(bonds));
        emit ISignerBonds.Accused(id, poor, accuser, facts);
        assertTrue(_accuse(accuser, _signed(keys[0], 0, report)) != 0);
    }

    /// @dev Bonds and rewards add up, and the smallest are paid: a fifth of five units is one.
    function test_claim_addsUpAndPaysTheLeast() public {
        address poor = vm.addr(keys[0]);
        for (uint256 i = 0; i < 5; i++) {
            _fund(poor, 1);
        }
        assertEq(bonds.bondOf(poor), 5);
        _equivocate(poor, keys[0]);
        assertEq(bonds.creditOf(address(this)), 1);
        assertEq(bonds.claim(anyone), 1);

        _fund(vm.addr(keys[1]), 5);
        _fund(vm.addr(keys[3]), 10);
        _equivocate(vm.addr(keys[1]), keys[1]);
        _equivocate(vm.addr(keys[3]), keys[3]);
        assertEq(bonds.creditOf(address(this)), 3);
    }

    function test_withdraw_paysTheLeast() public {
        address stranger = makeAddr("of no set");
        _fund(stranger, 1);
        vm.prank(stranger);
        assertEq(bonds.withdraw(anyone), 1);
    }

    /// @dev The network that proves days may be the last one.
    function test_unlocksAt_looksAtTheLastNetworkToo() public {
        IRewardIndex.NetworkConfig[] memory networks = new IRewardIndex.NetworkConfig[](2);
        networks[0] = networkConfig(IRewardIndex.NetworkClass.Attested, 1, addressesOf(keys));
        networks[1] = networkConfig(IRewardIndex.NetworkClass.Proven, 1, addressesOf(keys));
        rewardIndex =
            new RewardIndex(IRewardIndex.Clock(FIRST_EPOCH, START, EPOCH_SECONDS), timelock, networks);
        bonds = new SignerBonds(rewardIndex);
        vm.warp(endOf(FIRST_EPOCH + 3));
        _leave();
        assertEq(bonds.unlocksAt(signer), block.timestamp + 30 * EPOCH_SECONDS);
    }

    /* HELPERS */

    function _fund(address of_, uint256 amount) private {
        vm.deal(anyone, amount);
        vm.prank(anyone);
        bonds.fund{value: amount}(of_);
    }

    function _signed(uint256 by, bytes32 config, IRewardIndex.Report memory report)
        private
        view
        returns (ISignerBonds.SignedReport memory)
    {
        return
            ISignerBonds.SignedReport(config, report, sign(by, rewardIndex.hashReportUnder(config, report)));
    }

    function _two(uint256 by)
        private
        view
        returns (ISignerBonds.SignedReport memory one, ISignerBonds.SignedReport memory other)
    {
        IRewardIndex.Report memory report = reportFor(FIRST_EPOCH);
        one = _signed(by, rewardIndex.configDigest(BTC), report);
        IRewardIndex.Report memory second = reportFor(FIRST_EPOCH);
        second.fees++;
        other = _signed(by, rewardIndex.configDigest(BTC), second);
    }

    function _equivocate(address who, uint256 by) private {
        (ISignerBonds.SignedReport memory one, ISignerBonds.SignedReport memory other) = _two(by);
        bonds.proveEquivocation(one, other);
        assertTrue(bonds.isSlashed(who));
    }

    /// @dev The malleable twin.
    function _turned(bytes memory signature) private pure returns (bytes memory) {
        (bytes32 r, bytes32 s) = abi.decode(signature, (bytes32, bytes32));
        return abi.encodePacked(r, bytes32(CURVE_ORDER - uint256(s)), signature[64] == 0x1b ? uint8(28) : 27);
    }

    function _change(IRewardIndex.Report memory report, uint256 field, uint256 value) private pure {
        if (field == 0) report.lastHeight = uint32(value);
        if (field == 1) report.lastBlockHash = bytes32(value);
        if (field == 2) report.work = value;
        if (field == 3) report.subsidy = uint128(value);
        if (field == 4) report.fees = uint128(value);
        if (field == 5) report.cappedFees = uint128(value);
        if (field == 6) report.medianFee = uint128(value);
        if (field == 7) report.poolRowsRoot = bytes32(value);
    }

    function _totalsOf(IRewardIndex.Report memory report) private pure returns (IProvenDays.Totals memory) {
        return IProvenDays.Totals(
            report.lastHeight,
            report.lastBlockHash,
            report.work,
            report.subsidy,
            report.fees,
            report.cappedFees,
            report.medianFee
        );
    }

    function _ethReport(uint24 day, uint32 round) private pure returns (IRewardIndex.Report memory report) {
        report = reportFor(day);
        (report.network, report.round) = (ETH, round);
    }

    function _proveDay(uint24 day) private {
        relay.prove(rewardIndex, BTC, day, totalsFor(day));
    }

    function _proveDayOver(uint24 day) private {
        vm.warp(endOf(day));
        _proveDay(day);
    }

    function _accusedOf(bytes32 left) private returns (bytes32 id, IRewardIndex.Report memory report) {
        _proveDayOver(FIRST_EPOCH);
        return _accusedNow(left);
    }

    function _accusedNow(bytes32 left) private returns (bytes32 id, IRewardIndex.Report memory report) {
        report = reportFor(FIRST_EPOCH);
        vm.assume(left != report.lastBlockHash);
        report.lastBlockHash = left;
        id = _accuse(accuser, _signed(key, 0, report));
        assertEq(bonds.bondOf(signer), BOND);
    }

    function _accuse(address by, ISignerBonds.SignedReport memory signed) private returns (bytes32) {
        vm.prank(by);
        return bonds.accuse(signed, totalsFor(FIRST_EPOCH));
    }

    function _accuseReverts(
        ISignerBonds.SignedReport memory signed,
        IProvenDays.Totals memory totals,
        bytes memory reason
    ) private {
        vm.expectRevert(reason);
        bonds.accuse(signed, totals);
    }

    function _equivocationReverts(
        ISignerBonds.SignedReport memory one,
        ISignerBonds.SignedReport memory other,
        bytes memory reason
    ) private {
        vm.expectRevert(reason);
        bonds.proveEquivocation(one, other);
    }

    function _only(uint256 by) private pure returns (address[] memory one) {
        one = new address[](1);
        one[0] = vm.addr(by);
    }

    function _leave() private {
        vm.startPrank(timelock);
        rewardIndex.changeSigners(BTC, 0, _only(keys[0]));
        rewardIndex.changeSigners(ETH, 0, _only(keys[0]));
        vm.stopPrank();
    }
}
