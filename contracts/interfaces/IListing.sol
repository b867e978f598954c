// SPDX-License-Identifier: MIT
pragma solidity 0.8.30;

import {BoxId} from "../types/BoxId.sol";

/// @notice Brings a position to Uniswap v3, and trades SHORT through the pool of its LONG.
/// @dev Nobody's tokens stay here between transactions, so allowances to this contract are safe to leave. It acts for
///      `msg.sender` alone. LONG and SHORT are taken by the ledger's ERC-6909 allowance, cash by the reward token's.
///      Prices are index values, like `ILedger.boundsOf`: base units of the reward token per unit, times 1e18.
interface IListing {
    /// @param id What is listed.
    /// @param fee Of the pool, in millionths.
    /// @param price Of one unit, as an index value.
    /// @param toleranceBps How far from `price` the pool may be to be taken as it is, in parts of 10,000.
    /// @param quantity Of `id`, at most.
    /// @param cash Of the reward token, at most.
    /// @param quantityMin Of `id`, what must become liquidity.
    /// @param cashMin Of the reward token, what must become liquidity.
    /// @param deadline The last second at which this may happen.
    /// @param recipient Of the liquidity, as the position manager's NFT.
    struct Offer {
        BoxId id;
        uint24 fee;
        uint256 price;
        uint16 toleranceBps;
        uint128 quantity;
        uint256 cash;
        uint128 quantityMin;
        uint256 cashMin;
        uint256 deadline;
        address recipient;
    }

    /// @notice `quantity` and `cash` became the liquidity of `tokenId` in `pool`.
    event Listed(
        BoxId indexed id, address indexed pool, uint256 indexed tokenId, uint256 quantity, uint256 cash
    );

    /// @param cost Net of what the LONG brought; negative where that was more than the width.
    event ShortBought(BoxId indexed long, address indexed buyer, uint128 quantity, int256 cost);

    /// @param proceeds Net of what the LONG cost.
    event ShortSold(BoxId indexed long, address indexed seller, uint128 quantity, uint256 proceeds);

    error TooLate(uint256 deadline, uint256 timestamp);

    /// @notice The factory has no pools of this fee. 500, 3,000 and 10,000 exist everywhere.
    error NoSuchFee(uint24 given);

    /// @notice Create it with `list`, or name another fee.
    error NoPool(BoxId id, uint24 fee);

    /// @notice No path of the index leads to such a worth; and where `least` equals `most` nothing is left to trade:
    ///         redeem it.
    error PriceOutsideBounds(uint256 price, uint256 least, uint256 most);

    /// @notice Somebody's liquidity holds the pool at another price, and `quantity` or `cash` did not suffice to take it
    ///         out. Bring more of what the pool pays well for, allow a greater tolerance, move the pool in several
    ///         swaps first, or list under another fee.
    error PoolPriceOff(uint160 sqrtPriceX96, uint160 wantedX96);

    /// @notice The same where the caller has brought nothing of what the pool pays well for.
    error PoolWantsMore(uint256 wanted, uint256 held);

    /// @notice Less became liquidity than the least that the caller wants.
    error TooLittleListed(uint256 quantity, uint256 quantityMin, uint256 cash, uint256 cashMin);

    /// @notice The pool has not enough liquidity for the quantity.
    error PoolTooShallow(uint256 swapped, uint256 wanted);

    error CostTooHigh(int256 cost, uint256 maxCost);

    error ProceedsTooLow(int256 proceeds, uint256 minProceeds);

    /// @notice Only the pool that is traded with may call back, while it is.
    error NotPool(address caller, address pool);

    error Reentered();

    /// @notice Gives an id its facade, a pool against its reward token and the first liquidity, or more liquidity where
    ///         they exist; nobody can come in between. The liquidity spans what the id can still come to be worth.
    /// @dev A pool that somebody else has started at another price is first moved to `price`. That costs nothing while it has
    ///      no liquidity. Liquidity on the way is traded with, each piece at a price no worse than `price`, but for the
    ///      pool's fee, using the caller's `quantity` or `cash`. What is left goes back to the caller.
    /// @return pool Where it trades now.
    /// @return tokenId The liquidity, in the position manager.
    /// @return quantity What became liquidity.
    /// @return cash What became liquidity.
    function list(Offer calldata offer)
        external
        returns (address pool, uint256 tokenId, uint256 quantity, uint256 cash);

    /// @notice Buys SHORT: pays in the width, sells the LONG to the pool, and takes from the caller only the difference. Or
    ///         gives it to the caller, where the pool pays more than the width.
    /// @param fee Of the pool, in millionths.
    /// @return cost What it took from the caller; negative for what it gave.
    function buyShort(
        BoxId long,
        uint24 fee,
        uint128 quantity,
        uint256 maxCost,
        uint256 deadline,
        address recipient
    ) external returns (int256 cost);

    /// @notice Sells the caller's SHORT: buys the LONG from the pool, merges both, and pays out the difference.
    /// @param fee Of the pool, in millionths.
    /// @return proceeds What `recipient` got.
    function sellShort(
        BoxId long,
        uint24 fee,
        uint128 quantity,
        uint256 minProceeds,
        uint256 deadline,
        address recipient
    ) external returns (uint256 proceeds);

    /// @notice Uses a permit of the caller's for this contract. For a `multicall`, together with what needs it.
    /// @dev Goes on where the token refuses: somebody may have used the permit already, and then the allowance is there.
    function permit(address token, uint256 value, uint256 deadline, uint8 v, bytes32 r, bytes32 s) external;

    /// @notice Where an id trades at a fee, or would.
    function poolOf(BoxId id, uint24 fee) external view returns (address);

    /// @notice The range of first liquidity, on the fee's grid: from the least to the most that the id can come to be worth,
    ///         rounded outwards.
    function rangeOf(BoxId id, uint24 fee) external view returns (int24 tickLower, int24 tickUpper);

    /// @notice How Uniswap writes a price of the id.
    function sqrtPriceOf(BoxId id, uint256 price) external view returns (uint160 sqrtPriceX96);

    function ledger() external view returns (address);

    function positionManager() external view returns (address);
}
