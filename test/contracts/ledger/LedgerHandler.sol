// SPDX-License-Identifier: MIT
pragma solidity 0.8.30;

// Casts in this file are of bounded or literal values.
// forge-lint: disable-start(unsafe-typecast)

import {ILedger} from "../../../contracts/interfaces/ILedger.sol";
import {Box, BoxId, Boxes} from "../../../contracts/types/BoxId.sol";
import {MeanToken} from "../mocks/MeanToken.sol";
import {PlainToken} from "../mocks/PlainToken.sol";
import {LedgerBooks} from "./LedgerBooks.sol";
import {Multicall} from "@openzeppelin/contracts/utils/Multicall.sol";

/// @notice Does what users do, in any order, and writes it into the books as the ledger reports it. What a verb needs and
///         nobody has is made first, so that every call does something.
contract LedgerHandler is LedgerBooks {
    enum Verb {
        Escrow,
        Merge,
        SplitComponent,
        SplitTime,
        SplitValue,
        JoinComponent,
        JoinTime,
        JoinValue,
        Realise,
        Redeem,
        RedeemMany,
        Multicall,
        Transfer,
        TransferByOther,
        TransferThroughFacade,
        Poke,
        Donate,
        Misuse,
        Trespass
    }

    struct Cut {
        BoxId whole;
        ILedger.Axis axis;
        uint64 at;
    }

    bytes32 private immutable SALT;

    /// @notice How often each verb was asked for, and how often it came through.
    uint256[19] public asked;
    uint256[19] public done;
    /// @notice How many verbs so far.
    uint256 public calls;
    /// @notice The ids of the last verb.
    BoxId[] public touched;

    /// @notice K3: set when a payment was not what id, quantity and index say, or was made before they say it.
    bool public payoffDepended;
    /// @notice K6: set when a poke wrote outside [0, cap], rewrote a sum, or skipped a day.
    bool public indexBroken;
    /// @notice K8: set when somebody moved what belongs to another, or more than he has.
    bool public trespassed;
    /// @notice K9: set when a merge failed although both sides were there.
    bool public mergeFailed;
    /// @notice K10: set when an escrow cost more than one unit over what a merge right after it pays, or than its two sides pay.
    bool public escrowBiased;

    Cut[] private _cuts;
    uint256 private transient _dice;

    /// @param salt What the same seeds make of it.
    constructor(ILedger ledger, bytes32 salt) LedgerBooks(ledger) {
        SALT = salt;
        MeanToken(address(tokens[2]))
            .arm(address(ledger), abi.encodeCall(ILedger.escrow, (BoxId.wrap(0), 1, address(1), address(1))));
    }

    /* CASH AND BOTH SIDES */

    function escrow(uint256 seed) external {
        _begin(seed);
        _ask(Verb.Escrow);
        BoxId long = _someLong(_someIndex());
        _escrow(long, _quantity(long.index()), _someone(), _someReceiver(), _someReceiver());
        _did(Verb.Escrow);
    }

    function merge(uint256 seed) external {
        _begin(seed);
        _ask(Verb.Merge);
        (BoxId long, address who, uint256 most) = _somePair();
        address to = _someone();
        uint128 quantity = _part(most);
        _arm(abi.encodeCall(ILedger.merge, (long, 1, holders[HOLDERS])));
        BoxId short = LEDGER.mirrorOf(long);
        vm.prank(who);
        try LEDGER.merge(long, quantity, to) returns (uint256 cash) {
            _merged(long, short, who, to, quantity, cash);
            _did(Verb.Merge);
        } catch {
            mergeFailed = true;
        }
    }

    /* CUTS */

    function split(uint256 seed) external {
        _begin(seed);
        ILedger.Axis axis = ILedger.Axis(_roll(3));
        _ask(_splitVerb(axis));
        (BoxId whole, address who) = _someCuttable(axis);
        if (whole == BoxId.wrap(0)) return;
        uint64 at = _someCut(whole, axis);
        uint128 quantity = _part(_balance[whole][who]);
        if (_split(who, whole, axis, at, quantity)) _did(_splitVerb(axis));
    }

    /// @dev Undoes a cut that was made, or joins parts that come from elsewhere.
    function join(uint256 seed) external {
        _begin(seed);
        Cut memory cut;
        if (_cuts.length > 0 && _roll(2) == 0) {
            cut = _cuts[_roll(_cuts.length)];
        } else {
            cut.axis = ILedger.Axis(_roll(3));
            cut.whole = _cuttable(_someIndex(), cut.axis);
            cut.at = _someCut(cut.whole, cut.axis);
        }
        _ask(_joinVerb(cut.axis));
        address who = _someone();
        (BoxId first, BoxId second) = LEDGER.partsOf(cut.whole, cut.axis, cut.at);
        _endow(who, first);
        _endow(who, second);
        uint256 most = _min(_balance[first][who], _balance[second][who]);
        if (_join(who, cut, _part(most))) _did(_joinVerb(cut.axis));
    }

    /* WHAT IS CERTAIN, INTO CASH */

    function realise(uint256 seed) external {
        _begin(seed);
        _ask(Verb.Realise);
        (BoxId id, address who, uint24 until) = _roll(2) == 0 ? _someUnearned() : _someRealisable();
        uint128 quantity = _part(_balance[id][who]);
        address to = _someone();
        uint256 worth = quantity * _certain(id, until);
        uint256 shaved = quantity * _shavedAt(id, until);
        _arm(abi.encodeCall(ILedger.realise, (id, until, 1, holders[HOLDERS])));
        vm.prank(who);
        (uint256 cash, BoxId rest) = LEDGER.realise(id, until, quantity, to);
        _debit(id, who, quantity);
        _touch(id);
        if (rest != BoxId.wrap(0)) {
            if (_isGenerous(id, rest)) payoffDepended = true;
            _credit(rest, who, quantity);
            _touch(rest);
        }
        _gaveCash(id.index(), to, cash, worth);
        // What is gone altogether was worth less than the way to the grid.
        _shaved[id.index()] += shaved;
        if (cash != worth / SCALE) payoffDepended = true;
        _did(Verb.Realise);
    }

    /// @dev A strike lower than it should be, or a ceiling higher: another's dust can hide it from the sums.
    function _isGenerous(BoxId id, BoxId rest) private view returns (bool) {
        uint256 value = _valueAt(id, rest.start());
        (uint256 floor, uint256 ceiling) = _strikes(id);
        (uint256 floorAfter, uint256 ceilingAfter) = _strikes(rest);
        return floorAfter + value < floor || ceilingAfter + value > ceiling;
    }

    function redeem(uint256 seed) external {
        _begin(seed);
        _ask(Verb.Redeem);
        (BoxId id, address who) = _someHeld(2);
        uint128 quantity = _part(_balance[id][who]);
        address to = _someone();
        _arm(abi.encodeCall(ILedger.redeem, (id, 1, holders[HOLDERS])));
        vm.prank(who);
        uint256 cash = LEDGER.redeem(id, quantity, to);
        _redeemed(id, who, quantity);
        _gaveCash(id.index(), to, cash, quantity * _certain(id, id.end()));
        if (cash != quantity * _certain(id, id.end()) / SCALE) payoffDepended = true;
        _did(Verb.Redeem);
    }

    /// @dev One time in four with an id of another index among them, which the ledger should not take.
    function redeemMany(uint256 seed) external {
        _begin(seed);
        _ask(Verb.RedeemMany);
        (BoxId first, address who) = _someHeld(2);
        (BoxId[] memory ids, uint128[] memory quantities) = _maturedOf(first, who);
        bool foreign = _roll(4) == 0;
        if (foreign) {
            (BoxId other, address owner) = _someHeld(2);
            foreign = other.index() != first.index() && ids.length > 1;
            if (foreign) {
                (ids[ids.length - 1], quantities[ids.length - 1]) = (other, 1);
                _give(other, owner, who);
            }
        }
        address to = _someone();
        vm.prank(who);
        try LEDGER.redeemMany(ids, quantities, to) returns (uint256 cash) {
            uint256 worth = 0;
            uint256 expected = 0;
            for (uint256 i = 0; i < ids.length; i++) {
                _redeemed(ids[i], who, quantities[i]);
                worth += quantities[i] * _certain(ids[i], ids[i].end());
                expected += quantities[i] * _certain(ids[i], ids[i].end()) / SCALE;
                if (i > 0) _roundings[first.index()]++;
            }
            _gaveCash(first.index(), to, cash, worth);
            if (cash != expected) payoffDepended = true;
            _did(Verb.RedeemMany);
        } catch {
            // The refusal that was asked for.
            if (foreign) _did(Verb.RedeemMany);
        }
    }

    /* MANY AT ONCE */

    /// @dev Escrow, cut, join some of it again and merge some of that, in one call.
    function multicall(uint256 seed) external {
        _begin(seed);
        _ask(Verb.Multicall);
        Cut memory cut;
        cut.axis = ILedger.Axis(_roll(3));
        cut.whole = _cuttable(_someIndex(), cut.axis);
        if (cut.whole.isShort()) cut.whole = LEDGER.mirrorOf(cut.whole);
        cut.at = _someCut(cut.whole, cut.axis);
        uint128 quantity = _quantity(cut.whole.index());
        uint128 joined = _part(quantity);
        address who = _someone();
        bytes[] memory batch = new bytes[](4);
        batch[0] = abi.encodeCall(ILedger.escrow, (cut.whole, quantity, who, who));
        batch[1] = abi.encodeCall(ILedger.split, (cut.whole, cut.axis, cut.at, quantity));
        batch[2] = abi.encodeCall(ILedger.join, (cut.whole, cut.axis, cut.at, joined));
        batch[3] = abi.encodeCall(ILedger.merge, (cut.whole, joined, who));
        BoxId short = LEDGER.mirrorOf(cut.whole);
        (BoxId first, BoxId second) = LEDGER.partsOf(cut.whole, cut.axis, cut.at);
        vm.prank(who);
        bytes[] memory answers = Multicall(address(LEDGER)).multicall(batch);
        _escrowed(cut.whole, short, who, who, who, quantity, abi.decode(answers[0], (uint256)));
        _exchanged(cut.whole, first, second, who, quantity);
        _credit(cut.whole, who, joined);
        _debit(first, who, joined);
        _debit(second, who, joined);
        _merged(cut.whole, short, who, who, joined, abi.decode(answers[3], (uint256)));
        _cuts.push(cut);
        _did(Verb.Multicall);
    }

    /* TRANSFERS */

    function transfer(uint256 seed) external {
        _begin(seed);
        _ask(Verb.Transfer);
        (BoxId id, address who) = _someHeld(0);
        address to = _someReceiver();
        uint256 amount = _part(_balance[id][who]);
        vm.prank(who);
        LEDGER.transfer(to, BoxId.unwrap(id), amount);
        _moved(id, who, to, amount);
        _did(Verb.Transfer);
    }

    /// @dev By allowance or as an operator; afterwards neither is left.
    function transferByOther(uint256 seed) external {
        _begin(seed);
        _ask(Verb.TransferByOther);
        (BoxId id, address who) = _someHeld(0);
        (address by, address to) = (makeAddr("spender"), _someReceiver());
        uint256 amount = _part(_balance[id][who]);
        bool asOperator = _roll(2) == 0;
        vm.startPrank(who);
        if (asOperator) LEDGER.setOperator(by, true);
        else LEDGER.approve(by, BoxId.unwrap(id), amount);
        vm.stopPrank();
        vm.prank(by);
        LEDGER.transferFrom(who, to, BoxId.unwrap(id), amount);
        _moved(id, who, to, amount);
        if (asOperator) {
            vm.prank(who);
            LEDGER.setOperator(by, false);
        }
        _did(Verb.TransferByOther);
    }

    function transferThroughFacade(uint256 seed) external {
        _begin(seed);
        _ask(Verb.TransferThroughFacade);
        (BoxId id, address who) = _someHeld(0);
        if (!LEDGER.hasFacade(id)) LEDGER.deployFacade(id);
        address to = _someReceiver();
        uint256 amount = _part(_balance[id][who]);
        PlainToken facade = PlainToken(LEDGER.facadeOf(id));
        vm.prank(who);
        assertTrue(facade.transfer(to, amount));
        _moved(id, who, to, amount);
        _did(Verb.TransferThroughFacade);
    }

    /* TIME AND GIFTS */

    function poke(uint256 seed) external {
        _begin(seed);
        _ask(Verb.Poke);
        uint32 index = _someIndex();
        if (_until[index] == FIRST_EPOCH + EPOCHS) return;
        if (_poke(index, _dice)) _did(Verb.Poke);
    }

    /// @dev A present to the ledger must change nothing for anybody.
    function donate(uint256 seed) external {
        _begin(seed);
        _ask(Verb.Donate);
        uint256 which = _roll(3);
        uint256 amount = 1 + _roll(1e20);
        tokens[which].mint(address(LEDGER), amount);
        _gifts[which] += amount;
        _did(Verb.Donate);
    }

    /* WHAT THE LEDGER SHOULD NOT TAKE */

    /// @dev Cuts and joins of slices by component and by time, which are booked like any other if they go through; and cash
    ///      for days that are not known, or are not of the box.
    function misuse(uint256 seed) external {
        _begin(seed);
        _ask(Verb.Misuse);
        if (_roll(3) == 0) {
            _tooEarly();
            return;
        }
        ILedger.Axis axis = ILedger.Axis(_roll(2));
        Cut memory cut = Cut(_cuttable(_someIndex(), axis), axis, 0);
        cut.at = _someCut(cut.whole, axis);
        (BoxId first, BoxId second) = LEDGER.partsOf(cut.whole, axis, cut.at);
        // Below the tops of both parts, so that all three can exist.
        uint64 hi = uint64(1 + _roll(_min(_top(first), _top(second)) - 1));
        cut.whole = cut.whole.withStrikes(0, hi);
        address who = _someone();
        if (_roll(2) == 0) {
            _endow(who, cut.whole);
            _split(who, cut.whole, axis, cut.at, _part(_balance[cut.whole][who]));
        } else {
            (first, second) = (first.withStrikes(0, hi), second.withStrikes(0, hi));
            _endow(who, first);
            _endow(who, second);
            _join(who, cut, _part(_min(_balance[first][who], _balance[second][who])));
        }
        _did(Verb.Misuse);
    }

    function _tooEarly() private {
        (BoxId id, address who) = _someHeld(0);
        uint24 known = _until[id.index()];
        uint24 last = known < id.end() ? known : id.end();
        uint24 until = 1 + (last < id.start() ? id.start() : last);
        vm.prank(who);
        (bool realised,) = address(LEDGER).call(abi.encodeCall(ILedger.realise, (id, until, 1, who)));
        bool redeemed = false;
        if (id.end() > known) {
            vm.prank(who);
            (redeemed,) = address(LEDGER).call(abi.encodeCall(ILedger.redeem, (id, 1, who)));
        }
        if (realised || redeemed) payoffDepended = true;
        _did(Verb.Misuse);
    }

    /// @dev What belongs to another, and more than one has.
    function trespass(uint256 seed) external {
        _begin(seed);
        _ask(Verb.Trespass);
        (BoxId id, address owner) = _someHeld(0);
        address thief = _roll(4) == 0 ? owner : makeAddr("thief");
        uint128 amount = thief == owner ? uint128(_balance[id][owner] + 1) : _part(_balance[id][owner]);
        uint64 at = _width(id) > _tick[id.index()] ? id.lo() + 1 : 0;
        bytes[6] memory attempts = [
            abi.encodeWithSignature(
                "transferFrom(address,address,uint256,uint256)", owner, thief, BoxId.unwrap(id), amount
            ),
            abi.encodeCall(ILedger.merge, (id, amount, thief)),
            abi.encodeCall(ILedger.redeem, (id, amount, thief)),
            abi.encodeCall(ILedger.realise, (id, _until[id.index()], amount, thief)),
            abi.encodeCall(ILedger.split, (id, ILedger.Axis.Value, at, amount)),
            abi.encodeCall(ILedger.transferByFacade, (id, owner, thief, amount))
        ];
        for (uint256 i = 0; i < attempts.length; i++) {
            vm.prank(thief);
            (bool through,) = address(LEDGER).call(attempts[i]);
            if (through) trespassed = true;
        }
        _did(Verb.Trespass);
    }

    /* WHAT THE INVARIANTS ASK */

    function touchedCount() external view returns (uint256) {
        return touched.length;
    }

    /// @notice K1 and K4: on the index of the last verb, around the strikes that it touched, or `thoroughly` around every
    ///         strike of one index, another each time.
    function weighed(bool thoroughly, uint32 index) external view returns (bool covered, bool balanced) {
        if (thoroughly) return weigh(index, _ids[index], calls);
        if (touched.length == 0) return (true, true);
        return weigh(touched[touched.length - 1].index(), touched, calls);
    }

    /// @notice K1: the roundings stayed in the reserve, and no more than they.
    function dustIsSmall() external view returns (bool small) {
        small = true;
        for (uint32 index = 1; index <= INDICES; index++) {
            uint256 reserve = LEDGER.reserveOf(index) * SCALE;
            if (reserve < _worth[index] || reserve > _worth[index] + _roundings[index] * SCALE) {
                small = false;
            }
        }
    }

    /// @notice K2, of the ids on one index: by the ledger's own balances.
    function suppliesAreSums(uint32 index) external view returns (bool right) {
        right = true;
        BoxId[] storage ids = _ids[index];
        for (uint256 i = 0; i < ids.length; i++) {
            uint256 sum = 0;
            for (uint256 h = 0; h <= HOLDERS; h++) {
                sum += LEDGER.balanceOf(holders[h], BoxId.unwrap(ids[i]));
            }
            uint256 supply = LEDGER.totalSupply(BoxId.unwrap(ids[i]));
            if (sum != supply || supply != _supply[ids[i]]) right = false;
        }
    }

    /// @notice K5: each index has the reserve and the sums that were written for it.
    function indicesAreAsWritten() external view returns (bool right) {
        right = true;
        for (uint32 index = 1; index <= INDICES; index++) {
            if (LEDGER.reserveOf(index) != _reserve[index]) right = false;
            if (LEDGER.pokedUntil(index) != _until[index]) right = false;
            for (uint8 k = 0; k < _caps[index].length; k++) {
                for (uint24 e = 0; e < _sums[index][k].length; e++) {
                    if (LEDGER.prefixSum(index, k, FIRST_EPOCH + e) != _sums[index][k][e]) right = false;
                }
            }
        }
    }

    /// @notice K8, of the ids on one index, and of cash: everybody has what was given to him and what he did not give away.
    function holdingsAreTheirOwners(uint32 index) external view returns (bool right) {
        right = true;
        BoxId[] storage ids = _ids[index];
        for (uint256 h = 0; h <= HOLDERS; h++) {
            for (uint256 i = 0; i < ids.length; i++) {
                uint256 balance = LEDGER.balanceOf(holders[h], BoxId.unwrap(ids[i]));
                if (balance != _balance[ids[i]][holders[h]]) right = false;
            }
            for (uint256 t = 0; t < 3; t++) {
                if (h == HOLDERS) continue;
                if (tokens[t].balanceOf(holders[h]) != _cash[t][holders[h]]) right = false;
            }
        }
    }

    /// @notice K11: and exactly, besides gifts.
    function tokensAreReserves() external view returns (bool right) {
        uint256[3] memory sums = _gifts;
        for (uint32 index = 1; index <= INDICES; index++) {
            sums[tokenOf(index)] += LEDGER.reserveOf(index);
        }
        right = true;
        for (uint256 t = 0; t < 3; t++) {
            if (tokens[t].balanceOf(address(LEDGER)) != sums[t]) right = false;
        }
    }

    /// @notice K9: everybody merges all that he has both sides of, while no source answers.
    /// @dev For the invariant, which leaves no trace.
    function mergeEverything() external returns (bool worked) {
        worked = true;
        vm.etch(address(honest), hex"fe");
        vm.etch(address(hostile), hex"fe");
        for (uint256 h = 0; h < HOLDERS; h++) {
            for (uint32 index = 1; index <= INDICES; index++) {
                BoxId[] storage ids = _ids[index];
                for (uint256 i = 0; i < ids.length; i++) {
                    if (!ids[i].isShort() && !_mergeAll(holders[h], ids[i])) worked = false;
                }
            }
        }
    }

    function _mergeAll(address who, BoxId long) private returns (bool) {
        uint256 longs = LEDGER.balanceOf(who, BoxId.unwrap(long));
        if (longs == 0) return true;
        uint256 shorts = LEDGER.balanceOf(who, BoxId.unwrap(LEDGER.mirrorOf(long)));
        uint256 most = _min(longs, shorts);
        if (most == 0) return true;
        vm.prank(who);
        try LEDGER.merge(long, uint128(most), who) returns (uint256 cash) {
            return cash == most * _width(long) / SCALE;
        } catch {
            return false;
        }
    }

    /* INTO THE BOOKS */

    function _escrow(BoxId long, uint128 quantity, address payer, address longTo, address shortTo) private {
        _arm(abi.encodeCall(ILedger.escrow, (long, 1, holders[HOLDERS], holders[HOLDERS])));
        vm.prank(payer);
        uint256 cash = LEDGER.escrow(long, quantity, longTo, shortTo);
        _escrowed(long, LEDGER.mirrorOf(long), payer, longTo, shortTo, quantity, cash);
    }

    function _escrowed(
        BoxId long,
        BoxId short,
        address payer,
        address longTo,
        address shortTo,
        uint128 quantity,
        uint256 cash
    ) private {
        _credit(long, longTo, quantity);
        _credit(short, shortTo, quantity);
        _tookCash(long.index(), payer, cash, quantity * _width(long));
        if (cash > LEDGER.previewMerge(long, quantity) + 1) escrowBiased = true;
        (uint256 least, uint256 most) = LEDGER.boundsOf(long);
        (uint256 shortLeast, uint256 shortMost) = LEDGER.boundsOf(short);
        if (least + shortMost != _width(long) || most + shortLeast != _width(long)) escrowBiased = true;
        _touch(long);
        _touch(short);
    }

    function _merged(BoxId long, BoxId short, address who, address to, uint128 quantity, uint256 cash)
        private
    {
        _debit(long, who, quantity);
        _debit(short, who, quantity);
        _gaveCash(long.index(), to, cash, quantity * _width(long));
        _touch(long);
        _touch(short);
    }

    function _split(address who, BoxId whole, ILedger.Axis axis, uint64 at, uint128 quantity)
        private
        returns (bool)
    {
        vm.prank(who);
        try LEDGER.split(whole, axis, at, quantity) returns (BoxId first, BoxId second) {
            _exchanged(whole, first, second, who, quantity);
            _cuts.push(Cut(whole, axis, at));
            return true;
        } catch {
            return false;
        }
    }

    function _exchanged(BoxId whole, BoxId first, BoxId second, address who, uint128 quantity) private {
        _debit(whole, who, quantity);
        _credit(first, who, quantity);
        _credit(second, who, quantity);
        _touch(first);
        _touch(second);
    }

    function _join(address who, Cut memory cut, uint128 quantity) private returns (bool) {
        vm.prank(who);
        try LEDGER.join(cut.whole, cut.axis, cut.at, quantity) returns (BoxId first, BoxId second) {
            _debit(first, who, quantity);
            _debit(second, who, quantity);
            _credit(cut.whole, who, quantity);
            _touch(cut.whole);
            return true;
        } catch {
            return false;
        }
    }

    function _redeemed(BoxId id, address who, uint128 quantity) private {
        _debit(id, who, quantity);
        _touch(id);
    }

    function _moved(BoxId id, address from, address to, uint256 amount) private {
        _balance[id][from] -= amount;
        _balance[id][to] += amount;
        _touch(id);
    }

    /// @dev All of it.
    function _give(BoxId id, address from, address to) private {
        uint256 amount = _balance[id][from];
        vm.prank(from);
        LEDGER.transfer(to, BoxId.unwrap(id), amount);
        _moved(id, from, to, amount);
    }

    function _poke(uint32 index, uint256 seed) private returns (bool) {
        uint24 day = _until[index];
        uint256 components = _caps[index].length;
        uint256[] memory given = new uint256[](components);
        for (uint256 k = 0; k < components; k++) {
            given[k] = _someReward(uint256(_caps[index][k]) * _tick[index], _tick[index], seed >> (64 * k));
        }
        honest.set(index, day, given);
        hostile.setMood(seed);
        try LEDGER.poke(index) returns (uint24 taken) {
            if (taken != day || LEDGER.pokedUntil(index) != day + 1) indexBroken = true;
            _until[index] = day + 1;
            for (uint8 k = 0; k < components; k++) {
                uint256 cap = uint256(_caps[index][k]) * _tick[index];
                uint256 before = _sums[index][k][day - FIRST_EPOCH];
                uint256 sum = LEDGER.prefixSum(index, k, day + 1);
                if (sum < before || sum - before > cap) indexBroken = true;
                if (index != 4 && sum - before != _min(given[k], cap)) indexBroken = true;
                _sums[index][k].push(sum);
            }
            return true;
        } catch {
            if (index != 4) indexBroken = true;
            return false;
        }
    }

    /// @dev Nothing, the cap, more, on the grid, beside it, or anything.
    function _someReward(uint256 cap, uint256 tick, uint256 seed) private pure returns (uint256) {
        uint256 any = _next(seed);
        uint256 kind = any % 7;
        if (kind == 0) return 0;
        if (kind == 1) return cap;
        if (kind == 2) return any;
        any = (any >> 8) % cap;
        if (kind == 3) return any - any % tick;
        if (kind == 4) return any - any % tick + 1;
        return any;
    }

    /* CHOICES */

    function _begin(uint256 seed) private {
        calls++;
        _dice = _next(seed ^ uint256(SALT));
        delete touched;
    }

    function _touch(BoxId id) private {
        touched.push(id);
    }

    function _ask(Verb verb) private {
        asked[uint256(verb)]++;
    }

    function _did(Verb verb) private {
        done[uint256(verb)]++;
    }

    function _splitVerb(ILedger.Axis axis) private pure returns (Verb) {
        return Verb(uint256(Verb.SplitComponent) + uint256(axis));
    }

    function _joinVerb(ILedger.Axis axis) private pure returns (Verb) {
        return Verb(uint256(Verb.JoinComponent) + uint256(axis));
    }

    /// @dev What the mean token tries from within every move.
    function _arm(bytes memory call) private {
        MeanToken(address(tokens[2])).arm(address(LEDGER), call);
    }

    function _roll(uint256 sides) private returns (uint256 rolled) {
        rolled = (_dice >> 64) % sides;
        _dice = _next(_dice);
    }

    function _someone() private returns (address) {
        return holders[_roll(HOLDERS)];
    }

    /// @dev Now and then the mean token, which keeps what it gets.
    function _someReceiver() private returns (address) {
        return _roll(16) == 0 ? holders[HOLDERS] : _someone();
    }

    function _someIndex() private returns (uint32) {
        return uint32(1 + _roll(INDICES));
    }

    /// @dev Of every size, so large often that a tick of it is many units of cash, and so small that the slots hold
    ///      thousands of them.
    function _quantity(uint32 index) private returns (uint128) {
        uint256 most = index == 2 ? 28 : 32;
        uint256 digits = _roll(3) == 0 ? 27 + _roll(most - 26) : _roll(28);
        return uint128(1 + _roll(10 ** digits));
    }

    function _part(uint256 most) private returns (uint128) {
        return uint128(_roll(3) == 0 ? most : 1 + _roll(most));
    }

    function _someLong(uint32 index) private returns (BoxId) {
        Box memory box;
        box.index = index;
        box.mask = uint8(1 + _roll(2 ** _caps[index].length - 1));
        box.start = FIRST_EPOCH + uint24(_roll(EPOCHS));
        box.end = box.start + 1 + uint24(_roll(FIRST_EPOCH + EPOCHS - box.start));
        return _strike(box);
    }

    /// @dev Full, or on a coarse grid, so that ids meet again, or anywhere.
    function _strike(Box memory box) private returns (BoxId id) {
        (box.lo, box.hi) = (0, Boxes.MAX_STRIKE);
        id = Boxes.pack(box);
        uint256 top = _top(id);
        uint256 kind = _roll(4);
        if (kind < 2 || top < 8) return id;
        uint256 grid = kind == 2 ? 8 : top;
        uint256 lo = _roll(grid);
        uint256 hi = lo + 1 + _roll(grid - lo);
        return
            id.withStrikes(uint64(lo * top / grid), hi == grid ? Boxes.MAX_STRIKE : uint64(hi * top / grid));
    }

    /// @dev Of either side, so that it can be cut along the axis.
    function _cuttable(uint32 index, ILedger.Axis axis) private returns (BoxId id) {
        id = _someLong(index);
        if (axis != ILedger.Axis.Value) id = id.withStrikes(0, Boxes.MAX_STRIKE);
        if (axis == ILedger.Axis.Component && id.mask() & (id.mask() - 1) == 0) {
            id = id.withMask(uint8(2 ** _caps[index].length - 1));
        }
        if (axis == ILedger.Axis.Time && id.end() - id.start() < 2) {
            id = id.withEnd(FIRST_EPOCH + EPOCHS).withStart(FIRST_EPOCH + uint24(_roll(EPOCHS - 1)));
        }
        if (axis == ILedger.Axis.Value && _ceiling(id) - id.lo() < 2) {
            id = id.withStrikes(0, Boxes.MAX_STRIKE);
        }
        if (_roll(2) == 0) id = LEDGER.mirrorOf(id);
    }

    function _isCuttable(BoxId id, ILedger.Axis axis) private view returns (bool) {
        if (axis == ILedger.Axis.Value) return _ceiling(id) - id.lo() > 1;
        if (!id.isFull()) return false;
        return axis == ILedger.Axis.Time ? id.end() - id.start() > 1 : id.mask() & (id.mask() - 1) != 0;
    }

    /// @dev `id` can be cut there.
    function _someCut(BoxId id, ILedger.Axis axis) private returns (uint64) {
        if (axis == ILedger.Axis.Time) return id.start() + 1 + uint64(_roll(id.end() - id.start() - 1));
        if (axis == ILedger.Axis.Component) {
            // One of its components, or all others.
            uint256 one = uint256(id.mask()) & (~uint256(id.mask()) + 1);
            return uint64(_roll(2) == 0 ? one : id.mask() ^ one);
        }
        uint256 width = _ceiling(id) - id.lo();
        uint256 eighth = width * (1 + _roll(7)) / 8;
        if (_roll(2) == 0 && eighth > 0 && eighth < width) return uint64(id.lo() + eighth);
        return uint64(id.lo() + 1 + _roll(width - 1));
    }

    /// @dev Gives `who` some of `id`, if he has none, by an escrow of his own.
    function _endow(address who, BoxId id) private {
        if (_balance[id][who] > 0) return;
        _escrow(id.isShort() ? LEDGER.mirrorOf(id) : id, _quantity(id.index()), who, who, who);
    }

    /// @dev Some id and somebody who has some of it; an id that has started (1) or matured (2), where that is asked for.
    function _someHeld(uint256 state) private returns (BoxId id, address who) {
        for (uint256 i = 0; i < INDICES; i++) {
            (id, who) = _heldOn(_someIndex(), state);
            if (who != address(0)) return (id, who);
        }
        uint32 index = uint32(1 + _roll(INDICES - 1));
        if (state > 0 && _until[index] == FIRST_EPOCH) _poke(index, _dice);
        id = _someLong(index);
        if (state > 0) {
            uint24 start = FIRST_EPOCH + uint24(_roll(_until[index] - FIRST_EPOCH));
            id = id.withStrikes(0, Boxes.MAX_STRIKE).withStart(start);
            if (state == 2) id = id.withEnd(start + 1 + uint24(_roll(_until[index] - start)));
            else if (id.end() <= start) id = id.withEnd(start + 1);
        }
        who = _someone();
        _escrow(id, _quantity(index), who, who, who);
    }

    function _heldOn(uint32 index, uint256 state) private returns (BoxId id, address who) {
        BoxId[] storage ids = _ids[index];
        (uint256 from, uint256 first) = (_roll(ids.length + 1), _roll(HOLDERS));
        for (uint256 i = 0; i < ids.length; i++) {
            id = ids[(from + i) % ids.length];
            if (state == 1 && id.start() >= _until[index]) continue;
            if (state == 2 && id.end() > _until[index]) continue;
            if (_supply[id] == 0) continue;
            for (uint256 h = 0; h < HOLDERS; h++) {
                who = holders[(first + h) % HOLDERS];
                if (_balance[id][who] > 0) return (id, who);
            }
        }
        who = address(0);
    }

    function _someRealisable() private returns (BoxId id, address who, uint24 until) {
        (id, who) = _someHeld(1);
        until = _someKnown(id);
    }

    /// @dev A slice whose floor lies above what was earned, so that the rest keeps a floor, beside the grid as a rule.
    function _someUnearned() private returns (BoxId id, address who, uint24 until) {
        (id, who) = _someHeld(1);
        id = id.withStrikes(0, Boxes.MAX_STRIKE);
        until = _someKnown(id);
        uint256 top = _top(id);
        uint256 least = _valueAt(id, until) / _tick[id.index()] + 1;
        // A floor is below the top: where all was earned there is none above.
        uint256 floor = least < top ? least + _roll(top - least) : top - 1;
        uint256 ceiling = floor + 1 + _roll(top - floor);
        id = id.withStrikes(uint64(floor), ceiling == top ? Boxes.MAX_STRIKE : uint64(ceiling));
        _endow(who, id);
    }

    /// @dev A day of the box up to which is known what it earned.
    function _someKnown(BoxId id) private returns (uint24) {
        uint24 last = _until[id.index()] < id.end() ? _until[id.index()] : id.end();
        return id.start() + 1 + uint24(_roll(last - id.start()));
    }

    /// @dev Somebody who has both sides of a box.
    function _somePair() private returns (BoxId long, address who, uint256 most) {
        (BoxId id, address owner) = _someHeld(0);
        (long, who) = (id.isShort() ? LEDGER.mirrorOf(id) : id, owner);
        BoxId short = LEDGER.mirrorOf(long);
        _endow(who, long);
        _endow(who, short);
        most = _min(_balance[long][who], _balance[short][who]);
    }

    function _someCuttable(ILedger.Axis axis) private returns (BoxId id, address who) {
        for (uint256 i = 0; i < 3; i++) {
            (id, who) = _someHeld(0);
            if (_isCuttable(id, axis)) return (id, who);
        }
        (id, who) = (_cuttable(_someIndex(), axis), _someone());
        _endow(who, id);
    }

    /// @dev Up to four ids of one index, all matured, with `first` among them.
    function _maturedOf(BoxId first, address who)
        private
        returns (BoxId[] memory ids, uint128[] memory quantities)
    {
        BoxId[] storage all = _ids[first.index()];
        uint256 count = 1;
        BoxId[4] memory found;
        found[0] = first;
        for (uint256 i = 0; i < all.length && count < 4; i++) {
            if (all[i] == first || all[i].end() > _until[first.index()] || _balance[all[i]][who] == 0) {
                continue;
            }
            found[count++] = all[i];
        }
        (ids, quantities) = (new BoxId[](count), new uint128[](count));
        for (uint256 i = 0; i < count; i++) {
            (ids[i], quantities[i]) = (found[i], _part(_balance[found[i]][who]));
        }
    }

    function _min(uint256 a, uint256 b) internal pure returns (uint256) {
        return a < b ? a : b;
    }
}
