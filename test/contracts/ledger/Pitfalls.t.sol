// SPDX-License-Identifier: MIT
pragma solidity 0.8.30;

// Casts in this file are of bounded or literal values.
// forge-lint: disable-start(unsafe-typecast)

import {IFacade} from "../../../contracts/interfaces/IFacade.sol";
import {ILedger} from "../../../contracts/interfaces/ILedger.sol";
import {Box, BoxId, Boxes} from "../../../contracts/types/BoxId.sol";
import {HostileSource} from "../mocks/HostileSource.sol";
import {BombToken, DoubleToken} from "../mocks/OddTokens.sol";
import {PlainToken} from "../mocks/PlainToken.sol";
import {BoxTest} from "./BoxTest.sol";
import {IERC6909} from "@openzeppelin/contracts/interfaces/IERC6909.sol";
import {Vm} from "forge-std/Vm.sol";

/// @notice Answers with a megabyte, or fails with one.
contract BombSource {
    bool private immutable FAILS;

    constructor(bool fails) {
        FAILS = fails;
    }

    fallback() external {
        bool fails = FAILS;
        assembly {
            if fails { revert(0, 1000000) }
            return(0, 1000000)
        }
    }
}

// What broke systems like this one before. The table in test/contracts/README.md numbers them all, and names the test of each;
// here are those that no test of a single verb holds.
contract PitfallsTest is BoxTest {
    /* 1 TO 9: TRUNCATION, SCALES, MOMENTS, IDS */

    /// @dev A word with a bit above its type is refused, never shortened: at every narrow argument of every entry point.
    function testFuzz_pitfall01_noArgumentIsShortened(uint256 bit, uint256 which) public {
        BoxId id = fullLong(2);
        give(buyer, id, UNIT);
        uint256 raw = BoxId.unwrap(id);
        bytes[8] memory calls = [
            abi.encodeWithSelector(ILedger.escrow.selector, raw, 1, buyer, buyer),
            abi.encodeWithSelector(ILedger.merge.selector, raw, 1, buyer),
            abi.encodeWithSelector(ILedger.redeem.selector, raw, 1, buyer),
            abi.encodeWithSelector(ILedger.realise.selector, raw, FIRST_EPOCH + 1, 1, buyer),
            abi.encodeWithSelector(ILedger.split.selector, raw, 0, 1, 1),
            abi.encodeWithSelector(ILedger.join.selector, raw, 0, 1, 1),
            abi.encodeWithSelector(ILedger.poke.selector, index),
            abi.encodeWithSelector(ILedger.prefixSum.selector, index, 0, FIRST_EPOCH)
        ];
        // For each, where its widest narrow word stands, and how many bits that has.
        uint8[8] memory words = [1, 1, 1, 2, 3, 3, 0, 1];
        uint8[8] memory widths = [128, 128, 128, 128, 128, 128, 32, 8];
        which %= 8;
        bit = bound(bit, widths[which], 255);
        bytes memory data = calls[which];
        data[4 + 32 * uint256(words[which]) + 31 - bit / 8] |= bytes1(uint8(2 ** (bit % 8)));
        vm.prank(buyer);
        (bool done, bytes memory reason) = address(ledger).call(data);
        assertFalse(done);
        assertEq(reason.length, 0);
    }

    /// @dev Whatever stands at the source's address later, token, caps, tick and what is known are the ledger's own.
    function test_pitfall02_termsAreNeverReadFromTheSource() public {
        BoxId long = fullLong(2);
        give(buyer, long, UNIT);
        pokeWith(1e22, 1e21);
        bytes memory before = _everythingSeen(long);
        vm.etch(address(source), address(new HostileSource()).code);
        assertEq(_everythingSeen(long), before);
        vm.etch(address(source), "");
        assertEq(_everythingSeen(long), before);
    }

    /// @dev A keeper that pokes late, early, or many days at once changes nobody's payoff, nor does who redeems when.
    function testFuzz_pitfall04_nobodyChoosesTheMoment(uint256 seed, uint256 waits) public {
        BoxId long = fullLong(3);
        give(buyer, long, UNIT);
        uint256 snapshot = vm.snapshotState();
        pokeDays(seed, 3);
        vm.prank(buyer);
        uint256 atOnce = ledger.redeem(long, UNIT, buyer);
        vm.revertToState(snapshot);

        for (uint256 d = 0; d < 3; d++) {
            vm.warp(block.timestamp + (waits >> (d * 32)) % 1e6);
            vm.prank(makeAddr(vm.toString(waits % (d + 2))));
            pokeRandom(seed);
        }
        pokeDays(waits, waits % 3);
        vm.warp(block.timestamp + 1000 days);
        vm.prank(buyer);
        assertEq(ledger.redeem(long, UNIT, buyer), atOnce);
    }

    /// @dev Whatever is burned is burned first: the events stand in the order of the effects.
    function testFuzz_pitfall08_burnsBeforeItCreates(uint8 verb) public {
        BoxId long = fullLong(2);
        give(buyer, long, UNIT);
        vm.prank(buyer);
        ledger.split(long, ILedger.Axis.Component, 1, UNIT / 2);
        pokeDays(1, 1);
        vm.startPrank(buyer);
        vm.recordLogs();
        if (verb % 3 == 0) ledger.split(long, ILedger.Axis.Component, 1, 1);
        if (verb % 3 == 1) ledger.join(long, ILedger.Axis.Component, 1, 1);
        if (verb % 3 == 2) ledger.realise(long, FIRST_EPOCH + 1, 1, buyer);
        Vm.Log[] memory logs = vm.getRecordedLogs();
        bool created;
        uint256 burned;
        for (uint256 i = 0; i < logs.length; i++) {
            if (logs[i].topics[0] != IERC6909.Transfer.selector) continue;
            if (logs[i].topics[1] == 0) created = true;
            else burned++;
            // A burn after something was created.
            assertFalse(logs[i].topics[1] != 0 && created);
        }
        assertTrue(created && burned > 0);
    }

    /// @dev Deep cuts, in whatever order, arrive at the id that says what they are; no two different ones meet.
    function testFuzz_pitfall09_deepCutsArriveAtTheirId(uint24 at, uint64 lo, uint64 hi, uint8 order) public {
        useComponents(3);
        BoxId whole = slice(0, EPOCHS, 0, Boxes.MAX_STRIKE);
        at = uint24(bound(at, FIRST_EPOCH + 1, FIRST_EPOCH + EPOCHS - 1));
        Box memory box = Box(false, 2, index, at, FIRST_EPOCH + EPOCHS, 0, 0);
        uint256 top = modelTop(Boxes.pack(box));
        box.lo = uint64(bound(lo, 1, top - 2));
        box.hi = uint64(bound(hi, box.lo + 1, top - 1));
        give(buyer, whole, UNIT);
        vm.startPrank(buyer);
        BoxId id = whole;
        if (order & 1 == 0) (, id) = ledger.split(id, ILedger.Axis.Time, at, UNIT);
        (id,) = ledger.split(id, ILedger.Axis.Component, 2, UNIT);
        if (order & 1 == 1) (, id) = ledger.split(id, ILedger.Axis.Time, at, UNIT);
        if (order & 2 == 0) (id,) = ledger.split(id, ILedger.Axis.Value, box.hi, UNIT);
        (, id) = ledger.split(id, ILedger.Axis.Value, box.lo, UNIT);
        if (order & 2 == 2) (id,) = ledger.split(id, ILedger.Axis.Value, box.hi, UNIT);
        assertSame(id, Boxes.pack(box));
        assertHas(buyer, id, UNIT);
    }

    /* 10 TO 19: FEES, CLAIMS, MATURITY, SETS */

    /// @dev No owner, no fee, no pause, no upgrade: what such functions are usually called is not there.
    function test_pitfall10_nothingCanBeChangedLater() public {
        string[10] memory names = [
            "setFee(uint256)",
            "pause()",
            "unpause()",
            "owner()",
            "transferOwnership(address)",
            "upgradeTo(address)",
            "upgradeToAndCall(address,bytes)",
            "setSource(uint32,address)",
            "setCap(uint32,uint64)",
            "sweep(address)"
        ];
        for (uint256 i = 0; i < names.length; i++) {
            (bool done, bytes memory reason) = address(ledger)
                .call(abi.encodePacked(bytes4(keccak256(bytes(names[i]))), uint256(1), uint256(1)));
            assertFalse(done, names[i]);
            assertEq(reason.length, 0, names[i]);
        }
    }

    /// @dev What is too small to pay can be realised by its holder only, who loses less than one base unit; nothing that
    ///      takes is rounded to nothing.
    function testFuzz_pitfall11_nobodyRoundsAnothersClaimAway(uint128 dust) public {
        dust = uint128(bound(dust, 1, UNIT / 64_000));
        BoxId long = fullLong(2);
        assertEq(ledger.previewEscrow(long, dust), (dust * widthInModel(long) - 1) / VALUE_SCALE + 1);
        give(buyer, long, dust);
        pokeDays(1, 2);
        vm.prank(buyer);
        ledger.setOperator(anyone, true);
        vm.startPrank(anyone);
        expectNotEnough(anyone, long, 0, dust);
        ledger.realise(long, FIRST_EPOCH + 1, dust, buyer);
        expectNotEnough(anyone, long, 0, dust);
        ledger.redeem(long, dust, buyer);
        vm.stopPrank();
        // And none without effect: the epoch must be a later one.
        vm.prank(buyer);
        vm.expectRevert(
            abi.encodeWithSelector(
                ILedger.RealisedOutside.selector, FIRST_EPOCH, FIRST_EPOCH, FIRST_EPOCH + 2
            )
        );
        ledger.realise(long, FIRST_EPOCH, dust, buyer);
    }

    /// @dev A position has no memory: wherever it was while days came in, it pays the same.
    function testFuzz_pitfall13_noIndexIsCachedWithAHolder(uint256 seed, uint128 part) public {
        part = uint128(bound(part, 1, UNIT - 1));
        BoxId long = fullLong(3);
        give(buyer, long, 2 * UNIT);
        for (uint256 d = 0; d < 3; d++) {
            pokeRandom(seed);
            vm.prank(buyer);
            ledger.transfer(anyone, BoxId.unwrap(long), part);
            vm.prank(anyone);
            ledger.transfer(buyer, BoxId.unwrap(long), part);
        }
        vm.prank(buyer);
        ledger.transfer(anyone, BoxId.unwrap(long), UNIT);
        uint256 seen = ledger.previewRedeem(long, UNIT);
        vm.prank(buyer);
        assertEq(ledger.redeem(long, UNIT, buyer), seen);
        vm.prank(anyone);
        assertEq(ledger.redeem(long, UNIT, anyone), seen);
    }

    /// @dev `<` or `<=`: matured is when the last of its days is known, not a day before and not a day after.
    function testFuzz_pitfall14_maturityIsExactlyTheEnd(Box memory seed, uint256 days_) public {
        BoxId id = toBox(seed);
        give(buyer, id, UNIT);
        pokeDays(days_, id.end() - FIRST_EPOCH - 1);
        vm.prank(buyer);
        vm.expectRevert(abi.encodeWithSelector(ILedger.NotMatured.selector, id.end(), id.end() - 1));
        ledger.redeem(id, 1, buyer);
        vm.prank(buyer);
        vm.expectRevert(
            abi.encodeWithSelector(ILedger.RealisedOutside.selector, id.end(), id.start(), id.end() - 1)
        );
        ledger.realise(id, id.end(), 1, buyer);
        pokeRandom(days_);
        vm.startPrank(buyer);
        uint256 cash = ledger.redeem(id, UNIT / 2, buyer);
        (uint256 realised, BoxId rest) = ledger.realise(id, id.end(), UNIT / 2, buyer);
        assertEq(realised, cash);
        assertSame(rest, BoxId.wrap(0));
        assertEq(cash, payoffInModel(id, earnedBefore(id, id.end())) * (UNIT / 2) / VALUE_SCALE);
    }

    /// @dev A day that matures a thousand positions moves none of them, nor any cash.
    function test_pitfall15_maturityMovesNothing() public {
        BoxId long = fullLong(1);
        uint256 cash = give(buyer, long, UNIT);
        pokeDays(1, 1);
        assertHas(buyer, long, UNIT);
        assertEq(supplyOf(long), UNIT);
        assertEq(ledger.reserveOf(index), cash);
        assertEq(token.balanceOf(address(ledger)), cash);
    }

    /// @dev What lies at the ledger's address by mistake, cash or positions, is in nobody's amounts.
    function testFuzz_pitfall16_onlyStatedAmountsMove(uint96 present) public {
        BoxId long = fullLong(2);
        give(buyer, long, UNIT);
        give(buyer, mirrorInModel(long), UNIT);
        vm.prank(buyer);
        ledger.transfer(address(ledger), BoxId.unwrap(long), UNIT / 2);
        token.mint(address(ledger), present);
        uint256 seen = ledger.previewMerge(long, UNIT / 2);
        vm.prank(buyer);
        assertEq(ledger.merge(long, UNIT / 2, buyer), seen);
        assertEq(token.balanceOf(buyer), seen);
        assertHas(address(ledger), long, UNIT / 2);
        assertEq(token.balanceOf(address(ledger)), ledger.reserveOf(index) + present);
        // The balance before is part of what is expected: a deposit is still exact.
        give(buyer, long, UNIT);
    }

    /// @dev There is nothing to create, so there is nothing to be first at: a stranger's series is the same series.
    function test_pitfall17_aSeriesCannotBeTaken() public {
        BoxId long = fullLong(2);
        uint256 asked = ledger.previewEscrow(long, UNIT);
        give(anyone, long, 5);
        vm.prank(anyone);
        address facade = ledger.deployFacade(long);
        assertEq(ledger.previewEscrow(long, UNIT), asked);
        give(buyer, long, UNIT);
        // A facade deployed by a stranger is the one that would have been deployed.
        assertEq(ledger.facadeOf(long), facade);
        vm.prank(buyer);
        assertTrue(PlainToken(facade).transfer(miner, UNIT));
        assertHas(miner, long, UNIT);
    }

    /// @dev Whoever comes late pays the width for a complete set; who was there before has what he had.
    function testFuzz_pitfall18_lateComersDiluteNobody(uint256 seed, uint256 known, uint128 late) public {
        late = uint128(bound(late, 1, MOST));
        BoxId id = slice(0, 4, 1e9, 9e12);
        give(buyer, id, UNIT);
        pokeDays(seed, bound(known, 0, 4));
        (uint256 least, uint256 most) = ledger.boundsOf(id);
        assertEq(give(anyone, id, late), (late * widthInModel(id) + VALUE_SCALE - 1) / VALUE_SCALE);
        (uint256 leastAfter, uint256 mostAfter) = ledger.boundsOf(id);
        assertEq(leastAfter, least);
        assertEq(mostAfter, most);
        pokeDays(seed, 4 + FIRST_EPOCH - ledger.pokedUntil(index));
        uint256 expected = payoffInModel(id, earnedBefore(id, id.end())) * UNIT / VALUE_SCALE;
        vm.prank(anyone);
        ledger.redeem(id, late, anyone);
        vm.prank(buyer);
        assertEq(ledger.redeem(id, UNIT, buyer), expected);
    }

    /* 20 TO 29: PRESENTS, OVERFLOW, NAMES, ADDRESSES */

    /// @dev There are no shares of a pot, so a present to the pot raises no price.
    function testFuzz_pitfall20_presentsChangeNoPayoff(uint96 present, uint256 seed) public {
        BoxId long = fullLong(2);
        give(buyer, long, UNIT);
        pokeDays(seed, 2);
        uint256 seen = ledger.previewRedeem(long, UNIT);
        uint256 asked = ledger.previewEscrow(long, UNIT);
        uint256 reserve = ledger.reserveOf(index);
        token.mint(address(ledger), present);
        assertEq(ledger.previewRedeem(long, UNIT), seen);
        assertEq(ledger.previewEscrow(long, UNIT), asked);
        assertEq(ledger.reserveOf(index), reserve);
    }

    /// @dev The largest values, quantities and reserves that are let in come out again, after every day at its cap.
    function testFuzz_pitfall21_theLargestPositionIsPaid(uint64 tick, uint8 epochs, uint128 quantity) public {
        epochs = uint8(bound(epochs, 1, 5));
        ILedger.IndexTerms memory terms = termsOf(address(token), address(source));
        terms.tick = uint64(bound(tick, 2 ** 60, type(uint64).max));
        terms.caps = new uint64[](1);
        terms.caps[0] = uint64(_min(type(uint128).max / terms.tick / epochs, type(uint64).max / epochs - 1));
        (caps, index) = (terms.caps, ledger.register(terms));
        BoxId long = slice(0, epochs, 0, Boxes.MAX_STRIKE);
        uint256 width = uint256(terms.caps[0]) * epochs * terms.tick;
        // Up to the most that a reserve can hold.
        uint256 most = _min(type(uint96).max * VALUE_SCALE / width, type(uint120).max);
        quantity = uint128(bound(quantity, most / 2, most));
        uint256 taken = give(buyer, long, quantity);
        uint256[] memory rewards = new uint256[](1);
        rewards[0] = type(uint256).max;
        for (uint24 d = 0; d < epochs; d++) {
            source.set(BTC, FIRST_EPOCH + d, rewards);
            ledger.poke(index);
        }
        vm.prank(buyer);
        uint256 paid = ledger.redeem(long, quantity, buyer);
        assertEq(paid, quantity * width / VALUE_SCALE);
        assertLe(taken - paid, 1);
    }

    /// @dev No two ids of the ledger share a name, a symbol, or the domain that permits are signed for.
    function testFuzz_pitfall25_noTwoNamesAreTheSame(Box memory a, Box memory b, bool anotherIndex) public {
        BoxId one = toBox(a);
        if (anotherIndex) index = ledger.register(termsOf(address(token), address(source)));
        BoxId other = toBox(b);
        vm.assume(one != other);
        (uint256 idOne, uint256 idOther) = (BoxId.unwrap(one), BoxId.unwrap(other));
        assertNotEq(ledger.name(idOne), ledger.name(idOther));
        assertNotEq(ledger.symbol(idOne), ledger.symbol(idOther));
        address facade = ledger.deployFacade(one);
        address facadeOther = ledger.deployFacade(other);
        assertNotEq(facade, facadeOther);
        assertNotEq(IFacade(facade).DOMAIN_SEPARATOR(), IFacade(facadeOther).DOMAIN_SEPARATOR());
    }

    /// @dev A token with two addresses, an index by each: what is paid in through one does not count through the other.
    function testFuzz_pitfall27_aTokenWithTwoAddresses(uint128 one, uint128 two) public {
        one = uint128(bound(one, 1, MOST));
        two = uint128(bound(two, 1, MOST));
        DoubleToken double = new DoubleToken();
        double.mint(anyone, type(uint120).max);
        index = ledger.register(termsOf(address(double), address(source)));
        BoxId first = fullLong(2);
        index = ledger.register(termsOf(address(double.SECOND()), address(source)));
        BoxId second = fullLong(2);
        vm.startPrank(anyone);
        double.approve(address(ledger), type(uint256).max);
        uint256 cash = ledger.escrow(first, one, anyone, anyone) + ledger.escrow(second, two, anyone, anyone);
        assertEq(double.balanceOf(address(ledger)), cash);
        assertEq(ledger.reserveOf(index - 1) + ledger.reserveOf(index), cash);
        ledger.merge(second, two, anyone);
        ledger.merge(first, one, anyone);
        assertLe(double.balanceOf(address(ledger)), 2);
    }

    /* 30 TO 40: RIGHTS, BOMBS, CONTAGION */

    /// @dev An account that has delegated its code still signs with its key.
    function test_pitfall30_permitOfAnAccountWithCode() public {
        (address owner, uint256 key) = makeAddrAndKey("owner");
        vm.etch(owner, abi.encodePacked(hex"ef0100", address(source)));
        IFacade facade = IFacade(ledger.deployFacade(fullLong(2)));
        bytes32 structHash = keccak256(
            abi.encode(
                keccak256(
                    "Permit(address owner,address spender,uint256 value,uint256 nonce,uint256 deadline)"
                ),
                owner,
                buyer,
                7,
                0,
                block.timestamp
            )
        );
        bytes32 digest = keccak256(bytes.concat(hex"1901", facade.DOMAIN_SEPARATOR(), structHash));
        (uint8 v, bytes32 r, bytes32 s) = vm.sign(key, digest);
        facade.permit(owner, buyer, 7, block.timestamp, v, r, s);
        assertEq(facade.allowance(owner, buyer), 7);
    }

    /// @dev Every verb takes from its caller. No right, neither allowance nor operator nor batch, lets anybody use a verb on
    ///      what is another's; a router can only be given, and be given back.
    function test_pitfall33_nobodyActsForAnother() public {
        BoxId long = fullLong(2);
        give(buyer, long, UNIT);
        give(buyer, mirrorInModel(long), UNIT);
        vm.startPrank(buyer);
        ledger.split(long, ILedger.Axis.Component, 1, UNIT / 2);
        ledger.setOperator(anyone, true);
        ledger.approve(anyone, BoxId.unwrap(long), type(uint256).max);
        token.approve(address(ledger), type(uint256).max);
        vm.stopPrank();
        pokeDays(1, 2);
        bytes[] memory calls = new bytes[](6);
        calls[0] = abi.encodeCall(ILedger.merge, (long, 1, buyer));
        calls[1] = abi.encodeCall(ILedger.split, (long, ILedger.Axis.Component, 1, 1));
        calls[2] = abi.encodeCall(ILedger.join, (long, ILedger.Axis.Component, 1, 1));
        calls[3] = abi.encodeCall(ILedger.realise, (long, FIRST_EPOCH + 1, 1, buyer));
        calls[4] = abi.encodeCall(ILedger.redeem, (long, 1, buyer));
        calls[5] = abi.encodeCall(ILedger.escrow, (long, 1, buyer, buyer));
        for (uint256 i = 0; i < calls.length; i++) {
            bytes[] memory batch = new bytes[](1);
            batch[0] = calls[i];
            vm.prank(anyone);
            (bool done,) = address(ledger).call(calls[i]);
            assertFalse(done);
            vm.prank(anyone);
            (done,) = address(ledger).call(abi.encodeCall(ledger.multicall, (batch)));
            assertFalse(done);
        }
        assertHas(buyer, long, 3 * UNIT / 2 - UNIT);
    }

    /// @dev Ether, cash and positions sent to where a facade will be: it is deployed all the same, and they stay what they are.
    function test_pitfall34_aFacadeThatWasSentThingsBefore() public {
        BoxId long = fullLong(2);
        give(buyer, long, UNIT);
        address foretold = ledger.facadeOf(long);
        vm.deal(foretold, 1 ether);
        token.mint(foretold, 5);
        vm.prank(buyer);
        ledger.transfer(foretold, BoxId.unwrap(long), 7);
        assertEq(ledger.deployFacade(long), foretold);
        assertEq(IFacade(foretold).balanceOf(foretold), 7);
        vm.prank(buyer);
        assertTrue(PlainToken(foretold).transfer(miner, 1));
    }

    /// @dev A satoshi of a small claim is a lot: it is rounded once, when it is paid, however it was cut and joined before.
    function testFuzz_pitfall35_roundsOnce(uint128 quantity, uint64 strike, uint256 seed) public {
        quantity = uint128(bound(quantity, 1, UNIT / 1000));
        BoxId long = fullLong(2);
        strike = uint64(bound(strike, 1, modelTop(long) - 1));
        give(buyer, long, quantity);
        vm.startPrank(buyer);
        ledger.split(long, ILedger.Axis.Value, strike, quantity);
        ledger.join(long, ILedger.Axis.Value, strike, quantity);
        ledger.split(long, ILedger.Axis.Time, FIRST_EPOCH + 1, quantity);
        ledger.join(long, ILedger.Axis.Time, FIRST_EPOCH + 1, quantity);
        vm.stopPrank();
        pokeDays(seed, 2);
        vm.prank(buyer);
        uint256 paid = ledger.redeem(long, quantity, buyer);
        assertEq(paid, earnedBefore(long, long.end()) * quantity / VALUE_SCALE);
    }

    /// @dev Megabytes from a source or a token hold up their own index, and that not for good.
    function test_pitfall37_bombsHoldUpTheirOwnIndexOnly() public {
        BoxId mine = fullLong(2);
        give(buyer, mine, UNIT);
        give(buyer, mirrorInModel(mine), UNIT);
        BombToken bomb = new BombToken();
        index = ledger.register(termsOf(address(bomb), address(source)));
        BoxId long = fullLong(2);
        bomb.mint(anyone, 1e12);
        vm.startPrank(anyone);
        bomb.approve(address(ledger), type(uint256).max);
        ledger.escrow(long, UNIT, anyone, anyone);
        bomb.arm(1e6);
        // Its bytes are not copied: what it costs is what the token itself spends.
        uint256 gas = gasleft();
        ledger.merge(long, UNIT / 2, anyone);
        assertLt(gas - gasleft(), 2.5e6);
        vm.stopPrank();
        for (uint256 i = 0; i < 2; i++) {
            index = ledger.register(termsOf(address(token), address(new BombSource(i == 0))));
            BoxId theirs = fullLong(2);
            give(anyone, theirs, UNIT);
            vm.expectRevert();
            ledger.poke(index);
        }
        // Both sides come back without the source.
        vm.prank(buyer);
        ledger.merge(mine, UNIT, buyer);
    }

    /// @dev An index whose source says anything, or nothing, and one whose days stopped: the third pays to the satoshi.
    function testFuzz_pitfall40_oneDefaultsAlone(uint256 seed, uint256 mood) public {
        BoxId long = fullLong(2);
        uint256 cash = give(buyer, long, UNIT);
        uint32 mine = index;
        HostileSource hostile = new HostileSource();
        hostile.setMood(mood);
        index = ledger.register(termsOf(address(token), address(hostile)));
        BoxId theirs = fullLong(2);
        give(anyone, theirs, UNIT);
        (bool poked,) = address(ledger).call(abi.encodeCall(ILedger.poke, (index)));
        if (poked) {
            vm.prank(anyone);
            ledger.realise(theirs, FIRST_EPOCH + 1, UNIT, anyone);
        }
        index = mine;
        assertEq(ledger.reserveOf(mine), cash);
        pokeDays(seed, 2);
        vm.prank(buyer);
        assertEq(
            ledger.redeem(long, UNIT, buyer),
            payoffInModel(long, earnedBefore(long, long.end())) * UNIT / VALUE_SCALE
        );
    }

    /* 41 TO 44: WHAT IS PROMISED */

    /// @dev "5 %" is the smaller of what was earned and K: whatever the index does, never more, and in the worst case nothing.
    function testFuzz_pitfall41_aBondPaysWhatWasEarnedUpToItsFace(uint256 earned, uint64 face) public view {
        BoxId long = fullLong(5);
        face = uint64(bound(face, 1, modelTop(long) - 1));
        (BoxId bond,) = ledger.partsOf(long, ILedger.Axis.Value, face);
        earned = bound(earned, 0, modelTop(long) * TICK);
        assertEq(ledger.payoffOf(bond, earned), _min(earned, uint256(face) * TICK));
        assertEq(ledger.payoffOf(bond, 0), 0);
    }

    /// @dev What passed the cap is not paid, and every day says what counted beside what the source still says there was.
    function testFuzz_pitfall42_clippingIsSeen(uint256 fees) public {
        fees = bound(fees, uint256(FEES_CAP) * TICK + 1, type(uint128).max);
        uint256[] memory counted = new uint256[](2);
        (counted[0], counted[1]) = (5, uint256(FEES_CAP) * TICK);
        uint256[] memory rewards = new uint256[](2);
        (rewards[0], rewards[1]) = (5, fees);
        source.set(BTC, FIRST_EPOCH, rewards);
        vm.expectEmit(address(ledger));
        emit ILedger.Poked(index, FIRST_EPOCH, counted);
        ledger.poke(index);
        assertEq(source.settledReward(BTC, FIRST_EPOCH)[1], fees);
        assertEq(ledger.termsOf(index).caps[1], FEES_CAP);
    }

    /// @dev One token in, the same token out, and no price in between: time, the market and the block do not matter.
    function testFuzz_pitfall43_noPriceIsRead(uint256 seed, uint64 time, uint64 baseFee, bytes32 random)
        public
    {
        BoxId long = fullLong(2);
        give(buyer, long, UNIT);
        pokeDays(seed, 2);
        bytes memory before = _everythingSeen(long);
        vm.warp(time);
        vm.roll(time);
        vm.fee(baseFee);
        vm.prevrandao(random);
        vm.coinbase(address(uint160(uint256(random))));
        assertEq(_everythingSeen(long), before);
    }

    /* HELPERS */

    function _everythingSeen(BoxId long) private view returns (bytes memory) {
        (uint256 cash, BoxId rest) = ledger.previewRealise(ledger.mirrorOf(long), FIRST_EPOCH + 1, UNIT);
        bytes memory known =
            abi.encode(ledger.termsOf(index), ledger.prefixSum(index, 0, FIRST_EPOCH + 1), cash, rest);
        (uint256 least, uint256 most) = ledger.boundsOf(long);
        bytes memory worth = abi.encode(least, most, ledger.previewEscrow(long, UNIT));
        return
            bytes.concat(known, worth, abi.encode(ledger.reserveOf(index), ledger.previewMerge(long, UNIT)));
    }

    function _min(uint256 a, uint256 b) private pure returns (uint256) {
        return a < b ? a : b;
    }
}
