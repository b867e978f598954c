// SPDX-License-Identifier: MIT
pragma solidity 0.8.30;

// Casts in this file are of bounded or literal values.
// forge-lint: disable-start(unsafe-typecast)

import {ILedger} from "../../../contracts/interfaces/ILedger.sol";
import {Box, BoxId, Boxes} from "../../../contracts/types/BoxId.sol";
import {BaseTest} from "../BaseTest.sol";

// The golden month, worked out by hand in the design notes: 1 PH/s, satoshi. 800,000 PH/s on days 0 to 13 and 840,000 on days
// 14 to 29; 450 BTC of subsidy a day; fees of 6 BTC on days 0 to 9, 60 on day 10, 9 on days 11 to 29; caps of 58,000 and 6000
// a day. Each figure of the notes is reached through the verbs that a holder would use, on one real ledger:
// ├── escrow, LONG, SHORT, and their dust; a third of a unit
// ├── components; time at day 15; a cut at 1,650,000
// ├── a 5 % bond and its equity; the same month at half the rewards
// ├── a convertible at four values; a spread; a put
// └── an amortising bond, and an equity, realised at day 15
contract LedgerGoldenTest is BaseTest {
    uint24 private constant DAYS = 30;
    uint128 private constant UNIT = 1e18;
    ILedger.Axis private constant COMPONENT = ILedger.Axis.Component;
    ILedger.Axis private constant TIME = ILedger.Axis.Time;
    ILedger.Axis private constant VALUE = ILedger.Axis.Value;
    /// @dev A satoshi is 1e18 of index value, which is 1e9 ticks.
    uint64 private constant SAT = 1e9;

    BoxId private _long;
    BoxId private _short;

    function setUp() public override {
        super.setUp();
        _long = fullLong(DAYS);
        _short = ledger.mirrorOf(_long);
        vm.startPrank(miner);
        token.approve(address(ledger), type(uint256).max);
        vm.stopPrank();
    }

    function test_golden_prefixSums() public {
        _month(1);
        assertEq(ledger.prefixSum(index, 0, FIRST_EPOCH + DAYS), 1_644_642_857142857142857136);
        assertEq(ledger.prefixSum(index, 1, FIRST_EPOCH + DAYS), 34_017_857142857142857136);
        // 7500 a PH/s came in on day 10.
        uint256 day10 =
            ledger.prefixSum(index, 1, FIRST_EPOCH + 11) - ledger.prefixSum(index, 1, FIRST_EPOCH + 10);
        assertEq(day10, 6000e18);
    }

    function test_golden_longAndShort() public {
        assertEq(_escrow(_long, UNIT), 1_920_000);
        _month(1);
        assertEq(_redeem(_long, UNIT), 1_678_660);
        assertEq(_redeem(_short, UNIT), 241_339);
        assertEq(ledger.reserveOf(index), 1);
    }

    function test_golden_aThird() public {
        assertEq(_escrow(_long, UNIT / 3), 640_000);
        _month(1);
        assertEq(_redeem(_long, UNIT / 3), 559_553);
        assertEq(_redeem(_short, UNIT / 3), 80_446);
    }

    function test_golden_components() public {
        _escrow(_long, UNIT);
        (BoxId subsidy, BoxId fees) = _split(_long, COMPONENT, 1);
        _month(1);
        assertEq(_redeem(subsidy, UNIT), 1_644_642);
        assertEq(_redeem(fees, UNIT), 34_017);
    }

    function test_golden_timeAtDay15() public {
        _escrow(_long, UNIT);
        (BoxId early, BoxId late) = _split(_long, TIME, FIRST_EPOCH + 15);
        _month(1);
        assertEq(_redeem(early, UNIT), 859_017);
        assertEq(_redeem(late, UNIT), 819_642);
    }

    function test_golden_cut() public {
        _escrow(_long, UNIT);
        (BoxId lower, BoxId upper) = _split(_long, VALUE, 1_650_000 * SAT);
        _month(1);
        assertEq(_redeem(lower, UNIT), 1_650_000);
        assertEq(_redeem(upper, UNIT), 28_660);
    }

    function test_golden_bondAndEquity() public {
        _escrow(_long, UNIT);
        (BoxId bond, BoxId equity) = _split(_long, VALUE, 1_575_000 * SAT);
        _month(1);
        assertEq(_redeem(bond, UNIT), 1_575_000);
        assertEq(_redeem(equity, UNIT), 103_660);
    }

    /// @dev It is min(X, K): half the rewards pay half of what was hoped for, and the equity nothing.
    function test_golden_bondUnderStress() public {
        _escrow(_long, UNIT);
        (BoxId bond, BoxId equity) = _split(_long, VALUE, 1_575_000 * SAT);
        _month(2);
        assertEq(_redeem(bond, UNIT), 839_330);
        assertEq(_redeem(equity, UNIT), 0);
    }

    /// @dev Face 1,600,000, ratio 0.95: one lower slice and 0.95 of what lies above face / ratio.
    function test_golden_convertible() public {
        uint256[4] memory values = [uint256(1_500_000), 1_678_660, 1_700_000, 1_900_000];
        uint256[4] memory pays = [uint256(1_500_000), 1_600_000, 1_615_000, 1_805_000];
        uint256 snapshot = vm.snapshotState();
        for (uint256 i = 0; i < 4; i++) {
            _escrow(_long, UNIT);
            (BoxId lower,) = _split(_long, VALUE, 1_600_000 * SAT);
            _escrow(_long, UNIT);
            // 1,600,000 / 0.95 does not end: down to the grid, for the holder.
            (, BoxId upper) = _split(_long, VALUE, uint64(1_600_000 * uint256(SAT) * 100 / 95));
            for (uint24 d = 0; d < DAYS; d++) {
                pokeWith(values[i] * 1e18 * 58 / 64 / DAYS + 1, values[i] * 1e18 * 6 / 64 / DAYS + 1);
            }
            assertEq(_redeem(lower, UNIT) + _redeem(upper, UNIT * 95 / 100), pays[i]);
            vm.revertToState(snapshot);
        }
    }

    function test_golden_spread() public {
        BoxId spread = _long.withStrikes(1_500_000 * SAT, 1_800_000 * SAT);
        assertEq(_escrow(spread, UNIT), 300_000);
        BoxId other = ledger.mirrorOf(spread);
        _month(1);
        assertEq(_redeem(spread, UNIT), 178_660);
        assertEq(_redeem(other, UNIT), 121_339);
    }

    function test_golden_put() public {
        _escrow(_long, UNIT);
        (, BoxId put) = _split(_short, VALUE, (1_920_000 - 1_700_000) * SAT);
        // The same as the other side of everything below 1,700,000.
        assertEq(BoxId.unwrap(put), BoxId.unwrap(ledger.mirrorOf(_long.withStrikes(0, 1_700_000 * SAT))));
        _month(1);
        assertEq(_redeem(put, UNIT), 21_339);
    }

    /// @dev All rewards until 1,575,000 are repaid; one satoshi is lost to rounding twice.
    function test_golden_amortisingBond() public {
        _escrow(_long, UNIT);
        (BoxId bond,) = _split(_long, VALUE, 1_575_000 * SAT);
        _poke(15, 1);
        vm.prank(miner);
        (uint256 cash, BoxId rest) = ledger.realise(bond, FIRST_EPOCH + 15, UNIT, miner);
        assertEq(cash, 859_017);
        Box memory left =
            Box(false, BOTH, index, FIRST_EPOCH + 15, FIRST_EPOCH + DAYS, 0, 715_982_142_857_142);
        assertEq(BoxId.unwrap(rest), BoxId.unwrap(Boxes.pack(left)));
        _poke(15, 1);
        uint256 more = _redeem(rest, UNIT);
        assertEq(more, 715_982);
        assertEq(cash + more, 1_574_999);
    }

    function test_golden_equityRealisedAtDay15() public {
        _escrow(_long, UNIT);
        (, BoxId equity) = _split(_long, VALUE, 1_575_000 * SAT);
        _poke(15, 1);
        vm.prank(miner);
        (uint256 cash, BoxId rest) = ledger.realise(equity, FIRST_EPOCH + 15, UNIT, miner);
        assertEq(cash, 0);
        _poke(15, 1);
        assertEq(_redeem(rest, UNIT), 103_660);
    }

    /// @dev Whatever was made of the month, its two sides come to what was paid in, less a satoshi for each redemption.
    function test_golden_wholeMonthInPieces() public {
        uint256 taken = _escrow(_long, UNIT);
        (BoxId subsidy, BoxId fees) = _split(_long, COMPONENT, 1);
        (BoxId early, BoxId late) = _split(subsidy, TIME, FIRST_EPOCH + 15);
        (BoxId bond, BoxId equity) = _split(late, VALUE, 800_000 * SAT);
        (BoxId put, BoxId floor) = _split(_short, VALUE, 220_000 * SAT);
        _month(1);
        BoxId[] memory ids = new BoxId[](6);
        (ids[0], ids[1], ids[2], ids[3], ids[4], ids[5]) = (fees, early, bond, equity, put, floor);
        uint128[] memory quantities = new uint128[](6);
        for (uint256 i = 0; i < 6; i++) {
            quantities[i] = UNIT;
        }
        vm.prank(miner);
        uint256 paid = ledger.redeemMany(ids, quantities, miner);
        assertLe(paid, taken);
        assertLe(taken - paid, 6);
    }

    /* HELPERS */

    function _month(uint256 divisor) private {
        _poke(DAYS, divisor);
    }

    /// @dev The next `count` days of the month, or a share of what counts of them.
    function _poke(uint24 count, uint256 divisor) private {
        for (uint24 i = 0; i < count; i++) {
            uint24 d = ledger.pokedUntil(index) - FIRST_EPOCH;
            uint256 petahashes = d < 14 ? 800_000 : 840_000;
            uint256 fees = uint256(d < 10 ? 6e8 : d == 10 ? 60e8 : 9e8) * 1e18 / petahashes;
            if (divisor > 1 && d == 10) fees = 6000e18;
            pokeWith(450e8 * 1e18 / petahashes / divisor, fees / divisor);
        }
    }

    function _escrow(BoxId long, uint128 quantity) private returns (uint256) {
        return escrowAs(miner, long, quantity);
    }

    function _split(BoxId whole, ILedger.Axis axis, uint64 at) private returns (BoxId, BoxId) {
        vm.prank(miner);
        return ledger.split(whole, axis, at, UNIT);
    }

    function _redeem(BoxId id, uint128 quantity) private returns (uint256 cash) {
        uint256 before = token.balanceOf(miner);
        vm.prank(miner);
        cash = ledger.redeem(id, quantity, miner);
        assertEq(token.balanceOf(miner), before + cash);
    }
}
