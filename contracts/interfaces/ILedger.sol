// SPDX-License-Identifier: MIT
pragma solidity 0.8.30;

import {BoxId} from "../types/BoxId.sol";
import {
    IERC6909ContentURI,
    IERC6909Metadata,
    IERC6909TokenSupply
} from "@openzeppelin/contracts/interfaces/IERC6909.sol";

/// @notice The kernel: cash becomes positions, positions become other positions, and positions become cash, one index
///         at a time.
/// @dev Amounts: `quantity` 1e18 is one unit of hashrate. Index values are base units of the reward token times 1e18
///      per unit, so that `quantity * value / 1e36` is base units. Strikes are in ticks of the index.
///      No owner, no pause, no fee. No call to holders, ever.
interface ILedger is IERC6909Metadata, IERC6909TokenSupply, IERC6909ContentURI {
    /// @notice Along what a box is cut. `at` of a cut is a component mask, an epoch, or a strike in ticks.
    enum Axis {
        Component,
        Time,
        Value
    }

    /// @param name For people, for example "BTC-90".
    /// @param unit For people, for example "1 PH/s".
    /// @param token The reward token: what is paid in and out.
    /// @param source Where the index comes from.
    /// @param network The source's number for it.
    /// @param firstEpoch The first epoch that can count.
    /// @param tick The grid of strikes and caps, in index value.
    /// @param caps Per component, in ticks: what passes a cap on a day is lost to LONG for good.
    struct IndexTerms {
        bytes32 name;
        bytes32 unit;
        address token;
        address source;
        uint32 network;
        uint24 firstEpoch;
        uint64 tick;
        uint64[] caps;
    }

    event IndexRegistered(
        uint32 indexed index, address indexed token, address indexed source, IndexTerms terms
    );

    /// @param rewards Per component, after the cap.
    event Poked(uint32 indexed index, uint24 indexed day, uint256[] rewards);

    /// @notice The reserve of the long's index grew by `cash`. Who paid and for how much is in the two `Transfer` events.
    event Escrowed(BoxId long, uint256 cash);

    /// @notice The reserve of the long's index shrank by `cash`.
    event Merged(BoxId long, uint256 cash);

    /// @notice The reserve of the id's index shrank by `cash`.
    event Redeemed(BoxId id, uint256 cash);

    /// @notice The reserve of the id's index shrank by `cash`; the holder has `rest` instead of `id`, or nothing where it
    ///         is zero.
    event Realised(BoxId id, uint24 until, uint256 cash, BoxId rest);

    /// @notice At `facadeOf(id)`.
    event FacadeDeployed(BoxId id);

    error NoSuchIndex(uint32 given);
    error TokenHasNoCode(address token);
    error SourceHasNoCode(address source);
    error ComponentCountOutOfRange(uint256 given, uint256 max);
    error CapZero(uint256 component);
    error TickZero();

    /// @notice The source answered with another number of components than the index has.
    error WrongRewardCount(uint256 given, uint256 expected);

    /// @notice A bit is set that has no meaning.
    error MalformedId(BoxId id);
    error MaskOutside(uint8 mask, uint8 components);
    error StartsBeforeIndex(uint256 start, uint256 firstEpoch);
    error IntervalEmpty(uint256 start, uint256 end);
    error StrikesEmpty(uint256 lo, uint256 hi);
    /// @notice Nothing is ever paid above the top of the index.
    error FloorAboveTop(uint256 lo, uint256 topTicks);
    /// @notice A ceiling at or above the top is written as all ones, so that one payoff has one id.
    error NotCanonical(BoxId given, uint256 topTicks);
    /// @notice The top of the index does not fit the strike grid.
    error TopTooManyTicks(uint256 topTicks, uint256 max);
    /// @notice The interval ends where a prefix sum might not fit its slot.
    error EndsTooLate(uint256 end, uint256 worstPrefixSum, uint256 max);
    error NotLong(BoxId id);

    /// @notice Only a box with all of its value, from 0 to MAX, can be cut by component or by time: of the parts of a
    ///         slice the payoffs would not add up to the payoff of the slice.
    error NotFull(BoxId id);
    /// @notice Both parts need at least one component, and all of the cut's must be in the box.
    error CutOutsideMask(uint64 given, uint8 mask);
    error CutOutsideInterval(uint64 given, uint24 start, uint24 end);
    error CutOutsideStrikes(uint64 given, uint256 lo, uint256 ceiling);

    error ERC6909InsufficientBalance(address owner, uint256 balance, uint256 needed, uint256 id);
    error ERC6909InsufficientAllowance(address spender, uint256 allowance, uint256 needed, uint256 id);
    error ERC6909InvalidReceiver(address receiver);
    error ERC6909InvalidSpender(address spender);

    error QuantityZero();
    error SupplyTooLarge(uint256 given, uint256 max);
    error ReserveTooLarge(uint256 given, uint256 max);
    /// @notice A token that takes a fee, or rebases, cannot back anything.
    error DepositNotExact(uint256 balance, uint256 expected);
    error NotMatured(uint24 end, uint24 pokedUntil);
    /// @notice What lies behind `last`, the end of the box or of what is known, is not certain yet.
    error RealisedOutside(uint24 until, uint24 start, uint24 last);
    error LengthsDiffer(uint256 ids, uint256 quantities);
    error IndicesDiffer(uint32 first, uint32 other);
    error EarnedAboveTop(uint256 given, uint256 max);
    error EpochOutsideIndex(uint24 given, uint24 first, uint24 last);
    error ComponentOutside(uint8 given, uint8 components);
    error Reentered();

    error FacadeExists(BoxId id);
    error NotFacade(address caller, address facade);

    /// @notice Opens an index. Anyone may; nothing of it can be changed later. Numbers start from 1.
    function register(IndexTerms calldata terms) external returns (uint32 index);

    /// @notice Takes the next day from the source and stores it for good. Anyone may.
    /// @dev Each component is clamped to its cap. Days are taken in order, without gaps.
    /// @return day The day that was taken; the prefix sum at `day + 1` is now known.
    function poke(uint32 index) external returns (uint24 day);

    /// @notice Pays in the width of a box and hands out both of its sides. At any time: together they are worth the
    ///         width on every path of the index.
    /// @param long The long side. The short one is `mirrorOf(long)`.
    /// @return cash What was taken from the caller, rounded up.
    function escrow(BoxId long, uint128 quantity, address longTo, address shortTo)
        external
        returns (uint256 cash);

    /// @notice Burns both sides of a box, held by the caller, and pays out its width. At any time, and without the
    ///         source.
    /// @return cash What was paid to `to`, rounded down.
    function merge(BoxId long, uint128 quantity, address to) external returns (uint256 cash);

    /// @notice Burns a box of the caller and gives him its two parts, `partsOf(whole, axis, at)`. Nothing is rounded.
    function split(BoxId whole, Axis axis, uint64 at, uint128 quantity)
        external
        returns (BoxId first, BoxId second);

    /// @notice Undoes the `split` with the same arguments: burns both parts and gives the caller the whole.
    function join(BoxId whole, Axis axis, uint64 at, uint128 quantity)
        external
        returns (BoxId first, BoxId second);

    /// @notice Burns a position of the caller, pays out what it earned for certain before `until`, and gives him the rest:
    ///         the same components from `until` on, with strikes lower by what was earned.
    /// @dev The rest's floor is rounded up to the tick and its ceiling down, so it may be worth up to two ticks less per unit.
    ///      Where it cannot pay anything any more, `rest` is zero and nothing is created.
    /// @return cash What was paid to `to`, rounded down.
    function realise(BoxId id, uint24 until, uint128 quantity, address to)
        external
        returns (uint256 cash, BoxId rest);

    /// @notice Burns a matured position of the caller and pays out what it earned.
    /// @return cash What was paid to `to`, rounded down.
    function redeem(BoxId id, uint128 quantity, address to) external returns (uint256 cash);

    /// @notice As many `redeem`s of positions over one index, paid in one transfer.
    /// @return cash What was paid to `to`: the sum of what each pays alone.
    function redeemMany(BoxId[] calldata ids, uint128[] calldata quantities, address to)
        external
        returns (uint256 cash);

    /// @notice Gives one id an ERC-20 of its own, for those who cannot hold ERC-6909. Anyone may, once per id.
    function deployFacade(BoxId id) external returns (address facade);

    /// @notice Moves tokens for the facade of `id`, which has checked the caller's right to do so.
    function transferByFacade(BoxId id, address from, address to, uint256 amount) external;

    /// @notice What `escrow` would take now.
    function previewEscrow(BoxId long, uint128 quantity) external view returns (uint256 cash);

    /// @notice What `merge` would pay now.
    function previewMerge(BoxId long, uint128 quantity) external view returns (uint256 cash);

    /// @notice What `redeem` would pay now. Reverts before maturity.
    function previewRedeem(BoxId id, uint128 quantity) external view returns (uint256 cash);

    /// @notice What `realise` would pay now, and leave.
    function previewRealise(BoxId id, uint24 until, uint128 quantity)
        external
        view
        returns (uint256 cash, BoxId rest);

    /// @notice What `split` would make of a box, and `join` would need for it.
    /// @return first The components in `at`; or the time before it; or the value below it.
    /// @return second All others.
    function partsOf(BoxId whole, Axis axis, uint64 at) external view returns (BoxId first, BoxId second);

    /// @notice What one unit pays if the box's components earn `earned` over its interval, as an index value.
    function payoffOf(BoxId id, uint256 earned) external view returns (uint256 value);

    /// @notice What one unit pays at least and at most, after what is known by now, as index values. Equal at maturity.
    function boundsOf(BoxId id) external view returns (uint256 least, uint256 most);

    /// @notice The other side: together with it the box is worth its width.
    function mirrorOf(BoxId id) external view returns (BoxId);

    /// @notice The highest value the box's components can sum up to over its interval, in ticks.
    function topTicksOf(BoxId id) external view returns (uint256);

    function indexCount() external view returns (uint32);

    function termsOf(uint32 index) external view returns (IndexTerms memory);

    /// @notice The prefix sums are known from the first epoch up to this one. Also the day `poke` takes next.
    function pokedUntil(uint32 index) external view returns (uint24);

    /// @notice The sum of a component over the epochs from the first one up to, and without, `epoch`.
    function prefixSum(uint32 index, uint8 component, uint24 epoch) external view returns (uint256);

    /// @notice Reward tokens that back the positions of this index, and no others.
    function reserveOf(uint32 index) external view returns (uint256);

    /// @notice Where the facade of `id` is, or will be.
    function facadeOf(BoxId id) external view returns (address);

    function hasFacade(BoxId id) external view returns (bool);
}
